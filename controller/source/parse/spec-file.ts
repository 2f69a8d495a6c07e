import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import type { SpecKind } from './spec-kind.js';

interface Defined {
  /** The kind and the name in one text; see `specKey`. */
  readonly key: string;
  readonly name: string;
  readonly location: SpecLocation;
  /** The place of `metadata.name`. */
  readonly nameLocation: SpecLocation;
}

export interface WorkspaceDefinition extends Defined {
  readonly kind: 'Workspace';
  readonly workspace: Workspace;
  /** The place where each secret variable names its file, by the variable's name. */
  readonly secretLocations: ReadonlyMap<string, SpecLocation>;
  /**
   * The encrypted files that the variables name, by path. Only definitions of a commit contain them; those of a
   * directory are read when they are needed.
   */
  readonly sealed: ReadonlyMap<string, Uint8Array>;
}

export interface CacheDefinition extends Defined {
  readonly kind: 'NixCache';
  readonly cache: NixCache;
}

/** A valid object as written; defaults are filled in and secrets are read later. */
export type Definition = WorkspaceDefinition | CacheDefinition;

/** An object that is not accepted, or a file without an object. */
export interface Refusal {
  /** Null when the name cannot be read or is not valid. */
  readonly name: string | null;
  /** Null when the object may be of any kind; it then claims its name in each kind. */
  readonly kind: SpecKind | null;
  readonly problem: SpecProblem;
}

/** The content of one version of one file. */
export interface SpecFile {
  readonly source: string;
  readonly file: string;
  readonly definitions: readonly Definition[];
  readonly refusals: readonly Refusal[];
  readonly problems: readonly SpecProblem[];
  /** Whether the file may define an object whose name cannot be read. */
  readonly hidesNames: boolean;
  /** Whether the file does not parse, in a way typical of a half-written file. */
  readonly mayBePartial: boolean;
}

/** A spec file as one scan found it. */
export interface ScannedFile extends SpecFile {
  /** Whether the file seems to be half written, so that its problems are not reported in this scan. */
  readonly isSettling: boolean;
  /** Why this is an earlier version, because the newest cannot be read; null when it is the newest. */
  readonly staleBecause: SpecProblem | null;
}

/** What one scan found in one source. */
export interface SourceReading {
  readonly id: string;
  readonly files: readonly ScannedFile[];
  /** Problems of the source as a whole, such as unreadable directories. */
  readonly problems: readonly SpecProblem[];
  /** False when a directory could not be read, so that what is not in `files` is unknown, not absent (law 2). */
  readonly isWhole: boolean;
  /** Whether the content is known, though perhaps not the newest; when omitted, it is the same as `isWhole`. */
  readonly isRead?: boolean;
  /** The revision of `files`, for a source that has revisions. */
  readonly revision?: string | null;
}
