import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import type { SpecKind } from './spec-kind.js';

interface Defined {
  /** Kind and name in one, see `specKey`. */
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
  /** Of a commit: the encrypted files beside it that its variables name. Those of a directory are looked up when they are needed. */
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
  /** Null when it can't be read, or is not a name. */
  readonly name: string | null;
  /** Null when it may be of any kind: then it claims its name in each. */
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
  /** An object may be defined in it whose name can't be read. */
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
  /** What it holds is known, if perhaps not the newest; without it: when it is whole. */
  readonly isRead?: boolean;
  /** Of a source with revisions: the one that `files` are of. */
  readonly revision?: string | null;
}
