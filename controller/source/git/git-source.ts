import { join } from 'node:path';
import type { Clock } from '../../model/clock.js';
import { gitSourceId, type Commit, type GitFailure, type GitSettings, type GitStatus } from '../../model/git.js';
import { createPacer } from '../files/pacer.js';
import type { SpecSchemas } from '../check/schema.js';
import type { SourceReader } from '../files/source-reader.js';
import { createWatcher } from '../files/watcher.js';
import { isLeftLocked, isLocal } from './clone-faults.js';
import { createCommitReader } from './commit-reader.js';
import { failureOf } from './fetch-failure.js';
import type { Git } from './git-command.js';
import { judgeCommit } from './judge-commit.js';
import { watchedDirectories } from './watched-directories.js';
import { createMemo } from './memo.js';
import { readApplied } from './read-applied.js';
import { judged, readingOf, unsigned, type InForce } from './reading.js';
import { createRepository, type RemoteRef } from './repository.js';
import { createSyncLoop, type SyncTrigger } from './sync-loop.js';

export interface GitSourceEvents {
  /** The server was asked. `failure` null: it answered. */
  onFetch(facts: { readonly source: string; readonly seconds: number; readonly failure: GitFailure | null }): void;
  /** A commit that was not looked at before. `failure` null: its specs are in force now. */
  onCommit(facts: {
    readonly source: string;
    readonly commit: Commit;
    readonly failure: GitFailure | null;
    readonly trigger: SyncTrigger;
    readonly seconds: number;
  }): void;
}

export interface GitSourceOptions {
  readonly settings: GitSettings;
  /** Of all git sources; this one's is in it. */
  readonly directory: string;
  readonly git: Git;
  readonly schemas: SpecSchemas;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: GitSourceEvents;
}

/** The directory of a branch of a repository, as a source of specs: the newest good commit, whole. */
export interface GitSource extends SourceReader, Pick<GitSettings, 'name' | 'ageIdentityFile'> {
  start(): void;
  stop(): Promise<void>;
  /** Look at the server now; calls meet in one. */
  sync(trigger: SyncTrigger): void;
  /** Whatever the server has, nothing new is applied until it is resumed. Kept over a restart. */
  suspend(isSuspended: boolean): Promise<void>;
  subscribe(onHint: () => void): () => void;
  git(): GitStatus;
  /** Counts what a scan might find new. */
  generation(): number;
  /** The server was asked once, or need not be. */
  isSettled(): boolean;
}

export function createGitSource(options: GitSourceOptions): GitSource {
  const { settings, clock, random, events } = options;
  const { name, ageIdentityFile } = settings;
  const id = gitSourceId(name);
  const directory = join(options.directory, name);
  const repository = createRepository(settings, directory, options.git);
  const readCommit = createCommitReader(repository, options.schemas, { id, path: settings.path });
  const memo = createMemo(directory, settings);
  const watcher =
    settings.url.path === null ? null : createWatcher(watchedDirectories(settings.url.path, settings.ref), clock);
  const ended = new AbortController();
  const listeners = new Set<() => void>();
  const loop = createSyncLoop({ clock, random, signal: ended.signal, intervalMs: settings.intervalMs, look });
  let inForce: InForce = { applied: null, refused: null };
  /** Why the server cannot be asked; what is wrong with a commit stands in `inForce`. */
  let unanswered: GitFailure | null = null;
  let fetchedAt: number | null = null;
  let isSuspended = settings.suspend;
  let generation = 0;
  let isAsked = false;
  let knownRef: RemoteRef | null = null;
  let failures = 0;
  /** The clone is new: it does not hold what is in force. */
  let isCloneNew = false;
  let loaded: Promise<void> | null = null;
  /** Why the clone could not tell what is in force; null when it did, or need not any more. */
  let unread: GitFailure | null = null;
  let running: Promise<void> = Promise.resolve();
  let unwatch: () => void = () => undefined;

  function changed(): void {
    generation += 1;
    for (const listener of [...listeners]) listener();
  }

  /** What an earlier process applied holds until the server says something else. */
  function load(): Promise<void> {
    loaded ??= (async () => {
      isSuspended = await memo.isSuspended();
      await readClone();
    })();
    return loaded;
  }

  async function readClone(): Promise<void> {
    try {
      inForce = {
        applied: await readApplied({ memo, repository, readCommit, breathe: createPacer(ended.signal) }),
        refused: null,
      };
      unread = null;
    } catch (error) {
      unread = failureOf(error, settings);
    }
  }

  async function look(trigger: SyncTrigger): Promise<number> {
    await load();
    // It may have been a moment's fault; while the server is away, or must not be asked, there is nothing but the clone.
    if (isAsked && unread !== null) await readClone().then(changed);
    if (!isSuspended) await attempt(trigger);
    if (!isAsked) {
      isAsked = true;
      changed();
    }
    return failures;
  }

  async function attempt(trigger: SyncTrigger): Promise<void> {
    const startedAt = clock.now();
    const seconds = () => (clock.now() - startedAt) / 1_000;
    try {
      if (await repository.prepare()) isCloneNew = true;
      const commit = await newest(trigger);
      answered(seconds());
      // It may have been suspended meanwhile: what was fetched waits until it is resumed.
      if (commit !== null && !isSuspended) await judge(commit, trigger, seconds);
    } catch (error) {
      if (!ended.signal.aborted) await failed(error, seconds());
    }
  }

  /** Null: it is the one that is known, and nothing but another commit can change what is known of it. */
  async function newest(trigger: SyncTrigger): Promise<Commit | null> {
    // A hook says that there is something new: the question whether is spared.
    const hooked = trigger === 'hook' ? knownRef : null;
    const ref = hooked ?? (await repository.resolve(ended.signal));
    const isKnown =
      ref.hash === null
        ? judged(inForce)?.revision === ref.name
        : hooked === null && knownRef?.name === ref.name && knownRef.hash === ref.hash;
    if (isKnown && !isCloneNew) return unsigned(inForce);
    const commit = await repository.fetch(ref.name, ended.signal);
    // What a hook brought was not listed: the next question finds its hash.
    knownRef = hooked === null ? ref : { name: ref.name, hash: ref.hash === null ? null : '' };
    return isCloneNew || commit.revision !== judged(inForce)?.revision ? commit : unsigned(inForce);
  }

  function answered(seconds: number): void {
    failures = 0;
    fetchedAt = clock.now();
    events.onFetch({ source: id, seconds, failure: null });
    unread = null;
    if (unanswered === null && isAsked) return;
    unanswered = null;
    changed();
  }

  async function judge(commit: Commit, trigger: SyncTrigger, seconds: () => number): Promise<void> {
    const { files, failure } = await judgeCommit(commit, {
      id,
      path: settings.path,
      repository,
      readCommit,
      breathe: createPacer(ended.signal),
    });
    if (ended.signal.aborted || isSuspended) return;
    const isNews =
      commit.revision !== judged(inForce)?.revision || failure?.message !== inForce.refused?.failure.message;
    if (!isNews && !isCloneNew) return;
    if (failure !== null) inForce = { ...inForce, refused: { commit, files, failure } };
    else {
      // First: where it cannot be marked it is tried again, and no restart goes back to the one before it.
      await repository.markApplied(commit.revision);
      await memo.applied();
      inForce = { applied: { commit, files, at: clock.now() }, refused: null };
    }
    isCloneNew = false;
    if (isNews) events.onCommit({ source: id, commit, failure, trigger, seconds: seconds() });
    changed();
    // What a server may take long for comes when all is told.
    if (inForce.refused !== null && inForce.applied !== null)
      await repository.keepApplied(inForce.applied.commit.revision, ended.signal);
    await repository.tidy(ended.signal);
  }

  async function failed(error: unknown, seconds: number): Promise<void> {
    failures += 1;
    knownRef = null;
    let found = failureOf(error, settings);
    // The server may be well, and the clone be what stands in the way. What is in force is not read from it again.
    if (
      found.reason !== 'RefMissing' &&
      isLocal(error) &&
      (isLeftLocked(error) || !(await repository.isSound(ended.signal)))
    ) {
      await repository.discard().catch(() => undefined);
      failures = 1;
      found = {
        reason: 'GitUnusable',
        message: `the clone in ${directory} is broken and is made anew: ${found.message}`,
        problems: [],
      };
    }
    if (ended.signal.aborted) return;
    events.onFetch({ source: id, seconds, failure: found });
    const isNews = unanswered?.message !== found.message;
    unanswered = found;
    if (isNews) changed();
  }

  return {
    id,
    name,
    ageIdentityFile,
    start() {
      unwatch = watcher?.subscribe(() => loop.sync('local')) ?? unwatch;
      running = loop.run();
    },
    async stop() {
      unwatch();
      ended.abort();
      await running.catch(() => undefined);
    },
    sync: loop.sync,
    async suspend(next) {
      await load();
      isSuspended = next;
      await memo.suspended(next);
      changed();
      if (next) return;
      // What was fetched before is looked at again.
      knownRef = null;
      loop.sync('resume');
    },
    subscribe(onHint) {
      listeners.add(onHint);
      return () => void listeners.delete(onHint);
    },
    async read() {
      await load();
      return readingOf(id, inForce, {
        failure: failureNow(),
        isUnanswered: !isSuspended && (unanswered !== null || !isAsked),
      });
    },
    git: () => ({
      url: settings.url.text,
      ref: settings.ref ?? knownRef?.name ?? 'HEAD',
      path: settings.path === '' ? '.' : settings.path,
      isSuspended,
      attempted: judged(inForce),
      applied: inForce.applied?.commit ?? null,
      appliedAt: inForce.applied?.at ?? null,
      fetchedAt,
      failure: failureNow(),
    }),
    generation: () => generation,
    isSettled: () => isAsked,
  };

  function failureNow(): GitFailure | null {
    return unanswered ?? unread ?? inForce.refused?.failure ?? null;
  }
}
