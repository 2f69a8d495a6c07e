import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import type { SpecKind } from './spec-kind.js';

interface Defined {
  /** The kind and the name in one text: see `specKey`. */
  readonly key: string;
  readonly name: string;
  readonly location: SpecLocation;
  /** Where `metadata.name` stands. */
  readonly nameLocation: SpecLocation;
}

export interface WorkspaceDefinition extends Defined {
  readonly kind: 'Workspace';
  readonly workspace: Workspace;
  /** Where each secret variable names its file, by the variable's name. */
  readonly secretLocations: ReadonlyMap<string, SpecLocation>;
  /**
   * The encrypted files that its variables name, by path. Only a commit's definitions hold them: those of a directory
   * are read when they are needed.
   */
  readonly sealed: ReadonlyMap<string, Uint8Array>;
}

export interface CacheDefinition extends Defined {
  readonly kind: 'NixCache';
  readonly cache: NixCache;
}

/** One good object, as written: defaults are filled in and secrets read later. */
export type Definition = WorkspaceDefinition | CacheDefinition;

/** One object that is not accepted, or a file that holds none. */
export interface Refusal {
  /** Null when the name cannot be read, or is not valid. */
  readonly name: string | null;
  /** Null when the object may be of any kind: then it claims its name in each. */
  readonly kind: SpecKind | null;
  readonly problem: SpecProblem;
}

/** What one version of one file says. */
export interface SpecFile {
  readonly source: string;
  readonly file: string;
  readonly definitions: readonly Definition[];
  readonly refusals: readonly Refusal[];
  readonly problems: readonly SpecProblem[];
  /** The file may define an object whose name cannot be read. */
  readonly hidesNames: boolean;
  /** The file does not parse, as one that is half written. */
  readonly mayBePartial: boolean;
}

/** A spec file as one scan found it. */
export interface ScannedFile extends SpecFile {
  /** The file seems to be half written: its problems are not reported in this scan. */
  readonly isSettling: boolean;
  /** Why this is an earlier version: the newest cannot be read. Null when it is the newest. */
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
  /** What it holds is known, though perhaps not the newest; without this field, that is the same as `isWhole`. */
  readonly isRead?: boolean;
  /** The revision that `files` belong to, for a source that has revisions. */
  readonly revision?: string | null;
}
