import type { Clock } from '../../model/clock.js';
import type { Commit, GitFailure, GitSettings } from '../../model/git.js';
import { createPacer } from '../files/pacer.js';
import { isLeftLocked, isLocal } from './clone-faults.js';
import type { ReadCommit } from './commit-reader.js';
import { failureOf } from './fetch-failure.js';
import { judgeCommit } from './judge-commit.js';
import type { Memo } from './memo.js';
import { readApplied } from './read-applied.js';
import { unsigned } from './reading.js';
import type { GitRepository } from './repository.js';
import type { SyncTrigger } from './sync-loop.js';
import { commitToJudge, hookedRef, isKnown, isNews, refAfterFetch, type SyncState } from './sync-state.js';

export interface GitSourceEvents {
  /** The server was asked; `failure` is null when it answered. */
  onFetch(facts: { readonly source: string; readonly seconds: number; readonly failure: GitFailure | null }): void;
  /** A commit was judged for the first time; `failure` is null when its specs are in force now. */
  onCommit(facts: {
    readonly source: string;
    readonly commit: Commit;
    readonly failure: GitFailure | null;
    readonly trigger: SyncTrigger;
    readonly seconds: number;
  }): void;
}

/** The parts and the state of one git source. */
export interface GitSync {
  readonly id: string;
  readonly settings: GitSettings;
  /** The directory of the clone, for messages. */
  readonly directory: string;
  readonly repository: GitRepository;
  readonly readCommit: ReadCommit;
  readonly memo: Memo;
  readonly clock: Clock;
  readonly events: GitSourceEvents;
  /** Aborts when the source is stopped. */
  readonly signal: AbortSignal;
  readonly state: SyncState;
  /** Called when a scan may find something new. */
  readonly onChange: () => void;
}

/** Reads, once, the commit that an earlier process applied. It stays in force until the server has another one. */
export function loadSource(sync: GitSync): Promise<void> {
  sync.state.loaded ??= readEarlier(sync);
  return sync.state.loaded;
}

/** Polls the server once, and applies a new valid commit. Returns how many polls in a row have failed; never throws. */
export async function pollSource(sync: GitSync, trigger: SyncTrigger): Promise<number> {
  const { state } = sync;
  await loadSource(sync);
  // The clone may be readable by now. While the server is unreachable or must not be asked, there is no other source.
  if (state.isAsked && state.unread !== null) {
    await readClone(sync);
    changed(sync);
  }
  if (!state.isSuspended) await attempt(sync, trigger);
  if (!state.isAsked) {
    state.isAsked = true;
    changed(sync);
  }
  return state.failures;
}

/** Stops or resumes the application of commits, and remembers that for the next process. */
export async function suspendSource(sync: GitSync, isSuspended: boolean): Promise<void> {
  await loadSource(sync);
  sync.state.isSuspended = isSuspended;
  await sync.memo.suspended(isSuspended);
  changed(sync);
  // The next poll fetches again, because a commit that arrived meanwhile was not judged.
  if (!isSuspended) sync.state.knownRef = null;
}

async function readEarlier(sync: GitSync): Promise<void> {
  sync.state.isSuspended = await sync.memo.isSuspended();
  await readClone(sync);
}

async function readClone({ state, settings, memo, repository, readCommit, signal }: GitSync): Promise<void> {
  try {
    const applied = await readApplied({ memo, repository, readCommit, breathe: createPacer(signal) });
    state.inForce = { applied, refused: null };
    state.unread = null;
  } catch (error) {
    state.unread = failureOf(error, settings);
  }
}

async function attempt(sync: GitSync, trigger: SyncTrigger): Promise<void> {
  const { state, clock, repository } = sync;
  const startedAt = clock.now();
  const seconds = () => (clock.now() - startedAt) / 1_000;
  try {
    if (await repository.prepare()) state.isCloneNew = true;
    const commit = await fetchNewest(sync, trigger);
    recordAnswer(sync, seconds());
    // The source may have been suspended meanwhile; what was fetched then waits until it is resumed.
    if (commit !== null && !state.isSuspended) await judge(sync, commit, trigger, seconds);
  } catch (error) {
    if (!sync.signal.aborted) await recordFailure(sync, error, seconds());
  }
}

/** Fetches the commit to judge; returns null when the server has none that has not been judged. */
async function fetchNewest({ state, repository, signal }: GitSync, trigger: SyncTrigger): Promise<Commit | null> {
  const hooked = hookedRef(state, trigger);
  const isHooked = hooked !== null;
  const ref = hooked ?? (await repository.resolve(signal));
  if (isKnown(state, ref, isHooked) && !state.isCloneNew) return unsigned(state.inForce);
  const commit = await repository.fetch(ref.name, signal);
  state.knownRef = refAfterFetch(ref, isHooked);
  return commitToJudge(state, commit);
}

function recordAnswer(sync: GitSync, seconds: number): void {
  const { state } = sync;
  state.failures = 0;
  state.fetchedAt = sync.clock.now();
  sync.events.onFetch({ source: sync.id, seconds, failure: null });
  state.unread = null;
  if (state.unanswered === null && state.isAsked) return;
  state.unanswered = null;
  changed(sync);
}

async function judge(sync: GitSync, commit: Commit, trigger: SyncTrigger, seconds: () => number): Promise<void> {
  const { id, settings, repository, readCommit, signal, state } = sync;
  const breathe = createPacer(signal);
  const judgement = await judgeCommit(commit, { id, path: settings.path, repository, readCommit, breathe });
  const { files, failure } = judgement;
  if (signal.aborted || state.isSuspended) return;
  const isNew = isNews(state, commit, failure);
  if (!isNew && !state.isCloneNew) return;
  if (failure !== null) state.inForce = { ...state.inForce, refused: { commit, files, failure } };
  else {
    // The commit is marked before it is in force. When marking fails, it is tried again, and no restart returns to an
    // earlier commit.
    await repository.markApplied(commit.revision);
    await sync.memo.applied();
    state.inForce = { applied: { commit, files, at: sync.clock.now() }, refused: null };
  }
  state.isCloneNew = false;
  if (isNew) sync.events.onCommit({ source: id, commit, failure, trigger, seconds: seconds() });
  changed(sync);
  // This comes last, because a server may take long for it, and everything has been reported by now.
  const { refused, applied } = state.inForce;
  if (refused !== null && applied !== null) await repository.keepApplied(applied.commit.revision, signal);
  await repository.tidy(signal);
}

async function recordFailure(sync: GitSync, error: unknown, seconds: number): Promise<void> {
  const { state, signal, repository } = sync;
  state.failures += 1;
  state.knownRef = null;
  let failure = failureOf(error, sync.settings);
  // The server may work and the clone be the cause. What is in force stays in memory and is not read from the clone
  // again.
  if (failure.reason !== 'RefMissing' && (await isCloneAtFault(sync, error))) {
    await repository.discard().catch(() => undefined);
    state.failures = 1;
    failure = {
      reason: 'GitUnusable',
      message: `the clone in ${sync.directory} is broken and is made anew: ${failure.message}`,
      problems: [],
    };
  }
  if (signal.aborted) return;
  sync.events.onFetch({ source: sync.id, seconds, failure });
  const isNew = state.unanswered?.message !== failure.message;
  state.unanswered = failure;
  if (isNew) changed(sync);
}

async function isCloneAtFault({ repository, signal }: GitSync, error: unknown): Promise<boolean> {
  return isLocal(error) && (isLeftLocked(error) || !(await repository.isSound(signal)));
}

function changed({ state, onChange }: GitSync): void {
  state.generation += 1;
  onChange();
}
