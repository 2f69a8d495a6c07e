import type { Commit, GitFailure } from '../../model/git.js';
import { problemOf } from '../parse/problem.js';
import type { Refusal, ScannedFile, SourceReading, SpecFile } from '../parse/spec-file.js';
import { SPEC_KINDS, specKey, workspaceOfKey } from '../parse/spec-kind.js';

/** The commit of a git source that is in force, and a newer one that is not. */
export interface InForce {
  readonly applied: {
    readonly commit: Commit;
    readonly files: readonly SpecFile[];
    /** When it was applied, in ms since the epoch; null when an earlier process applied it. */
    readonly at: number | null;
  } | null;
  /** A newer commit that is refused, with those of its files that could be read. */
  readonly refused: {
    readonly commit: Commit;
    readonly files: readonly SpecFile[];
    readonly failure: GitFailure;
  } | null;
}

/** The newest commit that was judged; null when there is none. */
export function judged({ applied, refused }: InForce): Commit | null {
  return refused?.commit ?? applied?.commit ?? null;
}

/** The commit that was refused for its signature, or null. It may be accepted later, when other keys are trusted. */
export function unsigned({ refused }: InForce): Commit | null {
  return refused?.failure.reason === 'SignatureInvalid' ? refused.commit : null;
}

/**
 * What a scan reads from a git source: the files of the commit in force. A name that only a refused commit mentions
 * does not count as removed, and its workspace shows what is wrong.
 */
export function readingOf(
  id: string,
  { applied, refused }: InForce,
  { failure, isUnanswered }: { readonly failure: GitFailure | null; readonly isUnanswered: boolean },
): SourceReading {
  const broken = new Map(
    (refused?.files ?? []).filter(({ refusals }) => refusals.length > 0).map((file) => [file.file, file]),
  );
  const files = (applied?.files ?? []).map((file): ScannedFile => {
    const newer = broken.get(file.file);
    // The problems of a refused commit are reported once, with the commit.
    return { ...file, isSettling: false, staleBecause: newer?.refusals[0]?.problem ?? null };
  });
  const defined = new Set(files.flatMap(({ definitions }) => definitions.map(({ key }) => key)));
  const known = new Set(files.map(({ file }) => file));
  const claims =
    refused === null
      ? []
      : refused.files.map((file) => claimOf(file, refused.failure, { defined, isKnown: known.has(file.file) }));
  return {
    id,
    files: [...files, ...claims.filter(({ refusals }) => refusals.length > 0)],
    problems:
      failure === null ? [] : failure.problems.length > 0 ? failure.problems : [problemOf(id, id, failure.message)],
    isWhole: applied !== null && !isUnanswered,
    isRead: applied !== null,
    revision: applied?.commit.revision ?? null,
  };
}

/** The files of one commit in the form of a scan that finds no half-written files. */
export function wholeReading(id: string, files: readonly SpecFile[]): SourceReading {
  return {
    id,
    files: files.map((file) => ({ ...file, isSettling: false, staleBecause: null })),
    problems: [],
    isWhole: true,
  };
}

/** Claims the names that only the refused commit defines or may define, because their state is not known yet. */
function claimOf(
  file: SpecFile,
  failure: GitFailure,
  { defined, isKnown }: { readonly defined: ReadonlySet<string>; readonly isKnown: boolean },
): ScannedFile {
  const added = file.definitions
    .filter(({ key }) => !defined.has(key))
    .map(({ kind, name, key, location }): Refusal => ({
      kind,
      name,
      problem: { location, workspace: workspaceOfKey(key), message: `waits: ${failure.message}` },
    }));
  const broken = file.refusals.filter(({ name, kind }) =>
    name === null ? !isKnown : !(kind === null ? SPEC_KINDS : [kind]).some((one) => defined.has(specKey(one, name))),
  );
  return {
    ...file,
    definitions: [],
    refusals: [...added, ...broken],
    problems: [],
    hidesNames: file.hidesNames && !isKnown,
    mayBePartial: false,
    isSettling: false,
    staleBecause: null,
  };
}
