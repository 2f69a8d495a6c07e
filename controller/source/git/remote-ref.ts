import { callRemote, LIST_BYTES, type Clone } from './clone.js';
import { refsFrom } from './git-output.js';

/** A reference on the server. */
export interface RemoteRef {
  /** The full name, or the hash of a commit. */
  readonly name: string;
  /**
   * The commit, or the tag of one, that the reference points to. Null for a configured commit, because the server was
   * not asked.
   */
  readonly hash: string | null;
}

/** The configured reference is wrong; the server is not at fault. */
export class RefError extends Error {}

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Asks the server what the configured reference points to. Throws a GitError or a RefError. */
export async function resolveRef(clone: Clone, signal: AbortSignal): Promise<RemoteRef> {
  const { ref, url } = clone.settings;
  if (ref !== null && HASH.test(ref)) return { name: ref, hash: null };
  const names = namesOf(ref);
  const args = ['ls-remote', '--quiet', '--', url.text, ...names];
  return chooseRef(ref, refsFrom(await callRemote(clone, args, signal, { maxOutput: LIST_BYTES }), names));
}

/** The full names that a configured reference may stand for; null stands for the server's HEAD. */
export function namesOf(ref: string | null): string[] {
  if (ref === null) return ['HEAD'];
  return ref.startsWith('refs/') || ref === 'HEAD' ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

/**
 * The only reference with one of these names on the server. Throws a RefError when there is none, or when there are
 * two.
 */
export function chooseRef(ref: string | null, found: readonly RemoteRef[]): RemoteRef {
  const [only, ...others] = found;
  if (only === undefined)
    throw new RefError(
      ref === null
        ? 'the repository is empty: push a commit'
        : `the repository has no branch and no tag ${ref}: push it, or change --git-ref`,
    );
  if (others.length > 0)
    throw new RefError(`${ref} is a branch and a tag: write refs/heads/${ref} or refs/tags/${ref}`);
  return only;
}
