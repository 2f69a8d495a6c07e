import type { SpecLocation, SpecProblem } from '../model/desired.js';
import type { Workspace } from '../model/workspace.generated.js';

/** One good object, as written: defaults are filled in and secrets read later. */
export interface Definition {
  readonly name: string;
  readonly workspace: Workspace;
  readonly location: SpecLocation;
  /** Where `metadata.name` stands. */
  readonly nameLocation: SpecLocation;
  /** Where each secret variable names its file, by the variable's name. */
  readonly secretLocations: ReadonlyMap<string, SpecLocation>;
}

/** One object that is not accepted, or a file that holds none. */
export interface Refusal {
  /** Null when it can't be read, or is not a name. */
  readonly name: string | null;
  readonly problem: SpecProblem;
}

/** What one version of one file says. */
export interface SpecFile {
  readonly source: string;
  readonly file: string;
  readonly definitions: readonly Definition[];
  readonly refusals: readonly Refusal[];
  readonly problems: readonly SpecProblem[];
  /** A workspace may be defined in it whose name can't be read. */
  readonly hidesNames: boolean;
  /** It does not parse, as a file that is being written does not. */
  readonly mayBePartial: boolean;
}

/** A spec file as one scan found it. */
export interface ScannedFile extends SpecFile {
  /** Being written, or so it seems: keep quiet for this scan. */
  readonly isSettling: boolean;
  /** Set when this is an earlier version, because the newest can't be read. */
  readonly staleBecause: SpecProblem | null;
}

/** What one scan found in one source. */
export interface SourceReading {
  readonly id: string;
  readonly files: readonly ScannedFile[];
  /** Problems of the source as a whole: unreadable directories. */
  readonly problems: readonly SpecProblem[];
  /** False when a directory could not be read: what is not in `files` is unknown, not absent (law 2). */
  readonly isWhole: boolean;
}
