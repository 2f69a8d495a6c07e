import { join } from 'node:path';
import type { Clock } from '../../model/clock.js';
import { gitSourceId, type GitSettings, type GitStatus } from '../../model/git.js';
import type { SpecSchemas } from '../check/schema.js';
import type { SourceReader } from '../files/source-reader.js';
import { createWatcher } from '../files/watcher.js';
import { createCommitReader } from './commit-reader.js';
import type { Git } from './git-command.js';
import { loadSource, pollSource, suspendSource, type GitSourceEvents, type GitSync } from './git-sync.js';
import { createMemo } from './memo.js';
import { readingOf } from './reading.js';
import { createRepository } from './repository.js';
import { createSyncLoop, type SyncTrigger } from './sync-loop.js';
import { failureNow, gitStatus, newSyncState } from './sync-state.js';
import { watchedDirectories } from './watched-directories.js';

export interface GitSourceOptions {
  readonly settings: GitSettings;
  /** The directory of all git sources, in which the directory of this source is created. */
  readonly directory: string;
  readonly git: Git;
  readonly schemas: SpecSchemas;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: GitSourceEvents;
}

/** A directory on a branch of a repository as a source of specs: the newest valid commit, applied as a whole. */
export interface GitSource extends SourceReader, Pick<GitSettings, 'name' | 'ageIdentityFile'> {
  start(): void;
  stop(): Promise<void>;
  /** Polls the server now; calls during a poll together cause one more poll. */
  sync(trigger: SyncTrigger): void;
  /** Suspends or resumes the source. While it is suspended, no new commit is applied, even after a restart. */
  suspend(isSuspended: boolean): Promise<void>;
  /** Calls `onHint` when a scan may find something new; returns a function that stops this. */
  subscribe(onHint: () => void): () => void;
  git(): GitStatus;
  /** A number that increases whenever a scan may find something new. */
  generation(): number;
  /** Whether the server was asked once, or need not be asked. */
  isSettled(): boolean;
}

/** Creates a git source that does nothing yet: `start` begins to poll, and the first `read` reads the clone. */
export function createGitSource(options: GitSourceOptions): GitSource {
  const { settings, clock, random } = options;
  const { name, ageIdentityFile, url } = settings;
  const ended = new AbortController();
  const listeners = new Set<() => void>();
  const sync = createSync(options, ended.signal, () => [...listeners].forEach((listener) => listener()));
  const { id, state } = sync;
  const poll = (trigger: SyncTrigger) => pollSource(sync, trigger);
  const loop = createSyncLoop({ clock, random, signal: ended.signal, intervalMs: settings.intervalMs, poll });
  const watcher = url.path === null ? null : createWatcher(watchedDirectories(url.path, settings.ref), clock);
  let running: Promise<void> = Promise.resolve();
  let unwatch: () => void = () => undefined;

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
    async suspend(isSuspended) {
      await suspendSource(sync, isSuspended);
      if (!isSuspended) loop.sync('resume');
    },
    subscribe(onHint) {
      listeners.add(onHint);
      return () => void listeners.delete(onHint);
    },
    async read() {
      await loadSource(sync);
      return readingOf(id, state.inForce, {
        failure: failureNow(state),
        isUnanswered: !state.isSuspended && (state.unanswered !== null || !state.isAsked),
      });
    },
    git: () => gitStatus(state, settings),
    generation: () => state.generation,
    isSettled: () => state.isAsked,
  };
}

function createSync(options: GitSourceOptions, signal: AbortSignal, onChange: () => void): GitSync {
  const { settings, clock, events, git, schemas } = options;
  const id = gitSourceId(settings.name);
  const directory = join(options.directory, settings.name);
  const repository = createRepository(settings, directory, git);
  return {
    id,
    settings,
    directory,
    repository,
    readCommit: createCommitReader(repository, schemas, { id, path: settings.path }),
    memo: createMemo(directory, settings),
    clock,
    events,
    signal,
    state: newSyncState(settings),
    onChange,
  };
}
