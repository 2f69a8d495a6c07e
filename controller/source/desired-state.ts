import { resolve } from 'node:path';
import type { Clock } from '../model/clock.js';
import type { DesiredSnapshot } from '../model/desired.js';
import { loadSchemas, type SpecSchemas } from './check/schema.js';
import { nodeFileSystem, type FileSystem } from './files/file-system.js';
import { createSourceReader } from './files/source-reader.js';
import { createWatcher } from './files/watcher.js';
import type { GitSource } from './git/git-source.js';
import { createLastGoodStore, noLastGoodStore } from './last-good.js';
import { specKey } from './parse/spec-kind.js';
import { createPresence } from './presence.js';
import { createCacheResolver } from './resolve/cache-resolver.js';
import { createWorkspaceResolver } from './resolve/workspace-resolver.js';
import { scanSources, type Scanner } from './scan-sources.js';
import { createSecretReader, type AgeSource } from './secrets/secret-reader.js';
import { createStatusBook, type SourceStatus } from './source-status.js';

export interface DesiredStateOptions {
  readonly directories: readonly string[];
  /** The git sources. The caller starts and stops them. */
  readonly git?: readonly GitSource[];
  readonly secretsDir: string | null;
  /** The file with the age keys for encrypted files in `directories`, or null when there are no keys. */
  readonly ageIdentityFile?: string | null;
  /** The directory in which last good specs are kept; null keeps them in memory only. */
  readonly stateDir: string | null;
  /** Reads the last good specs and writes none; set while planning for `kalpana plan`. */
  readonly readOnly?: boolean;
  readonly instance: string;
  readonly clock: Clock;
  readonly fs?: FileSystem;
  /** Compiled schemas that several states share. */
  readonly schemas?: SpecSchemas;
}

/** The desired state according to the sources, as far as it is known. */
export interface DesiredState {
  /**
   * Reads all sources once; a second call waits for the first. Invalid input never makes it fail; only `signal` does.
   * `complete: false` forbids removals and nothing else: a directory is unreadable, or a file is so broken that it may
   * contain any name. A name stays in `removed` until it is forgotten or its spec is back.
   */
  scan(signal?: AbortSignal): Promise<DesiredSnapshot>;
  /**
   * Calls `onHint` when a scan may find something new; returns a function that stops this. Hints can be lost, so scan
   * periodically as well.
   */
  watch(onHint: () => void): () => void;
  sources(): readonly SourceStatus[];
  /** Whether every git server has been asked once and a scan has read the results. */
  isSettled(): boolean;
  /**
   * Forgets the last good spec of a removed workspace; to be called when its container is gone. Has no effect for other
   * names.
   */
  forget(name: string): Promise<void>;
}

/** Combines directories and git sources into one state; touches no file before the first `scan` or `watch`. */
export function createDesiredState(options: DesiredStateOptions): DesiredState {
  const scanner = createScanner(options);
  const { git, watcher, presence, store, statuses, state } = scanner;
  let lastScan: Promise<unknown> = Promise.resolve();
  return {
    scan(signal) {
      const scan = lastScan.then(() => scanSources(scanner, signal));
      lastScan = scan.catch(() => undefined);
      return unlessAborted(scan, signal);
    },
    watch(onHint) {
      const ends = [watcher.subscribe(onHint), ...git.map((source) => source.subscribe(onHint))];
      return () => ends.forEach((end) => end());
    },
    isSettled: () => git.every((source, index) => source.isSettled() && source.generation() === state.scanned[index]),
    sources: () => statuses.all(),
    async forget(name) {
      const key = specKey('Workspace', name);
      if (presence.forget(key)) await store.remove(key);
    },
  };
}

function createScanner(options: DesiredStateOptions): Scanner {
  const { clock, fs = nodeFileSystem, schemas = loadSchemas(), secretsDir, stateDir, instance, git = [] } = options;
  const roots = [...new Set(options.directories.map((directory) => resolve(directory)))];
  const readers = [...roots.map((root) => createSourceReader({ id: `dir:${root}`, root, fs, schemas, clock })), ...git];
  const kept = stateDir === null ? noLastGoodStore : createLastGoodStore(resolve(stateDir), schemas);
  const secretsRoot = secretsDir === null ? null : resolve(secretsDir);
  const age = ageSources(roots, git, options.ageIdentityFile ?? null);
  return {
    readers,
    git,
    store: options.readOnly === true ? { ...noLastGoodStore, load: kept.load } : kept,
    secretsRoot,
    secretReader: createSecretReader({ directory: secretsRoot, instance, fs, age }),
    watcher: createWatcher(secretsRoot === null ? roots : [...roots, secretsRoot], clock),
    presence: createPresence(),
    resolveWorkspace: createWorkspaceResolver(),
    cacheResolver: createCacheResolver(),
    statuses: createStatusBook(readers),
    clock,
    state: { isLoaded: false, scanned: [] },
  };
}

function ageSources(
  roots: readonly string[],
  git: readonly GitSource[],
  identityFile: string | null,
): Map<string, AgeSource> {
  const place = (file: string | null) => (file === null ? null : resolve(file));
  return new Map([
    ...roots.map((root): [string, AgeSource] => [
      `dir:${root}`,
      { identityFile: place(identityFile), option: '--age-identity-file', root },
    ]),
    ...git.map(({ id, ageIdentityFile }): [string, AgeSource] => [
      id,
      { identityFile: place(ageIdentityFile), option: '--git-age-identity-file', root: null },
    ]),
  ]);
}

/** Rejects at once when `signal` aborts, although a call to a hanging file system continues in the background. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolveWork, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolveWork, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
