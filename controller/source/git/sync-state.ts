import type { Commit, GitFailure, GitSettings, GitStatus } from '../../model/git.js';
import { judged, unsigned, type InForce } from './reading.js';
import type { RemoteRef } from './remote-ref.js';
import type { SyncTrigger } from './sync-loop.js';

/** All that changes about a git source while it runs. `git-sync.ts` changes it, and nobody else does. */
export interface SyncState {
  inForce: InForce;
  /** Why the server could not be asked; what is wrong with a commit stands in `inForce`. */
  unanswered: GitFailure | null;
  /** Why the clone could not tell what is in force; null when it could, or when the server has answered since. */
  unread: GitFailure | null;
  /** The server has been asked once, or need not be. */
  isAsked: boolean;
  /** What the server had under the configured reference; null: the next poll fetches, whatever the server says. */
  knownRef: RemoteRef | null;
  /** The clone is new and does not hold what is in force. */
  isCloneNew: boolean;
  isSuspended: boolean;
  /** When the server last answered, in ms since the epoch. */
  fetchedAt: number | null;
  /** How many polls in a row have failed. */
  failures: number;
  /** Counts what a scan might find new. */
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

/** What is wrong with the source now; null when nothing is. */
export function failureNow({ unanswered, unread, inForce }: SyncState): GitFailure | null {
  return unanswered ?? unread ?? inForce.refused?.failure ?? null;
}

/** The reference that a webhook lets us fetch without asking for it first: the sender says that it has moved. */
export function hookedRef({ knownRef }: SyncState, trigger: SyncTrigger): RemoteRef | null {
  return trigger === 'hook' ? knownRef : null;
}

/** Whether the server has nothing under `ref` that has not been fetched. A webhook's reference was not asked for. */
export function isKnown({ inForce, knownRef }: SyncState, ref: RemoteRef, isHooked: boolean): boolean {
  if (ref.hash === null) return judged(inForce)?.revision === ref.name;
  return !isHooked && knownRef?.name === ref.name && knownRef.hash === ref.hash;
}

/**
 * What is known of the server after a fetch. A webhook's commit was not listed, so the next poll has to find its hash.
 */
export function refAfterFetch(ref: RemoteRef, isHooked: boolean): RemoteRef {
  return isHooked ? { name: ref.name, hash: ref.hash === null ? null : '' } : ref;
}

/**
 * The commit to judge after a fetch; null when it was judged before and nothing but another commit can change that. One
 * that was refused for its signature is judged again: other keys may be trusted by now.
 */
export function commitToJudge({ inForce, isCloneNew }: SyncState, fetched: Commit): Commit | null {
  return isCloneNew || fetched.revision !== judged(inForce)?.revision ? fetched : unsigned(inForce);
}

/** Whether a judgement says something that has not been reported. */
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
