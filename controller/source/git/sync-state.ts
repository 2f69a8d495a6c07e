import type { Commit, GitFailure, GitSettings, GitStatus } from '../../model/git.js';
import { judged, unsigned, type InForce } from './reading.js';
import type { RemoteRef } from './remote-ref.js';
import type { SyncTrigger } from './sync-loop.js';

/** All changing state of a git source. Only `git-sync.ts` changes it. */
export interface SyncState {
  inForce: InForce;
  /** Why the server did not answer, or null. Problems of a commit are in `inForce`. */
  unanswered: GitFailure | null;
  /**
   * Why the clone could not be read for the commit in force; null when it could, or when the server has answered since.
   */
  unread: GitFailure | null;
  /** Whether the server has been asked once, or need not be asked. */
  isAsked: boolean;
  /** What the server had under the configured reference; null: the next poll fetches in any case. */
  knownRef: RemoteRef | null;
  /** Whether the clone is new, so that it does not contain the commit in force. */
  isCloneNew: boolean;
  isSuspended: boolean;
  /** When the server last answered, in ms since the epoch. */
  fetchedAt: number | null;
  /** How many polls in a row have failed. */
  failures: number;
  /** A number that increases whenever a scan may find something new. */
  generation: number;
  /** The first reading of what an earlier process left; null before it begins. */
  loaded: Promise<void> | null;
}

/** The state of a source that has neither read its clone nor asked its server. */
export function newSyncState(settings: Pick<GitSettings, 'suspend'>): SyncState {
  return {
    inForce: { applied: null, refused: null },
    unanswered: null,
    unread: null,
    isAsked: false,
    knownRef: null,
    isCloneNew: false,
    isSuspended: settings.suspend,
    fetchedAt: null,
    failures: 0,
    generation: 0,
    loaded: null,
  };
}

/** The current problem of the source, or null when there is none. */
export function failureNow({ unanswered, unread, inForce }: SyncState): GitFailure | null {
  return unanswered ?? unread ?? inForce.refused?.failure ?? null;
}

/**
 * The reference to fetch after a webhook without asking the server for it first, because the webhook says that it has
 * moved.
 */
export function hookedRef({ knownRef }: SyncState, trigger: SyncTrigger): RemoteRef | null {
  return trigger === 'hook' ? knownRef : null;
}

/**
 * Whether everything that the server has under `ref` has been fetched. After a webhook this is unknown, because the
 * server was not asked.
 */
export function isKnown({ inForce, knownRef }: SyncState, ref: RemoteRef, isHooked: boolean): boolean {
  if (ref.hash === null) return judged(inForce)?.revision === ref.name;
  return !isHooked && knownRef?.name === ref.name && knownRef.hash === ref.hash;
}

/**
 * What is known of the server after a fetch. After a webhook the hash is not known, so the next poll has to ask for it.
 */
export function refAfterFetch(ref: RemoteRef, isHooked: boolean): RemoteRef {
  return isHooked ? { name: ref.name, hash: ref.hash === null ? null : '' } : ref;
}

/**
 * The commit to judge after a fetch; null when it was judged before and only another commit can change that. A commit
 * that was refused for its signature is judged again, because other keys may be trusted by now.
 */
export function commitToJudge({ inForce, isCloneNew }: SyncState, fetched: Commit): Commit | null {
  return isCloneNew || fetched.revision !== judged(inForce)?.revision ? fetched : unsigned(inForce);
}

/** Whether a judgement differs from what has been reported. */
export function isNews({ inForce }: SyncState, commit: Commit, failure: GitFailure | null): boolean {
  return commit.revision !== judged(inForce)?.revision || failure?.message !== inForce.refused?.failure.message;
}

/** The status of a source as people see it. */
export function gitStatus(state: SyncState, { url, ref, path }: Pick<GitSettings, 'url' | 'ref' | 'path'>): GitStatus {
  const { applied } = state.inForce;
  return {
    url: url.text,
    ref: ref ?? state.knownRef?.name ?? 'HEAD',
    path: path === '' ? '.' : path,
    isSuspended: state.isSuspended,
    attempted: judged(state.inForce),
    applied: applied?.commit ?? null,
    appliedAt: applied?.at ?? null,
    fetchedAt: state.fetchedAt,
    failure: failureNow(state),
  };
}
