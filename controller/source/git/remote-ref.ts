import { callRemote, LIST_BYTES, type Clone } from './clone.js';
import { refsFrom } from './git-output.js';

/** A reference as the server has it. */
export interface RemoteRef {
  /** The full name, or a commit's hash. */
  readonly name: string;
  /** The commit, or the tag of one, that it points at. Null for a configured commit: the server was not asked. */
  readonly hash: string | null;
}

/** The configured reference is at fault, not the server. */
export class RefError extends Error {}

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Asks the server what the configured reference is now. Throws a GitError, or a RefError. */
export async function resolveRef(clone: Clone, signal: AbortSignal): Promise<RemoteRef> {
  const { ref, url } = clone.settings;
  if (ref !== null && HASH.test(ref)) return { name: ref, hash: null };
  const names = namesOf(ref);
  const args = ['ls-remote', '--quiet', '--', url.text, ...names];
  return chooseRef(ref, refsFrom(await callRemote(clone, args, signal, { maxOutput: LIST_BYTES }), names));
}

/** The full names that a configured reference may stand for; null is the server's HEAD. */
export function namesOf(ref: string | null): string[] {
  if (ref === null) return ['HEAD'];
  return ref.startsWith('refs/') || ref === 'HEAD' ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

/** The one reference among those that the server has of these names. Throws a RefError when there is none, or two. */
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
