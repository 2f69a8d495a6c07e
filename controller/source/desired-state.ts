import { resolve } from 'node:path';
import type { Clock } from '../model/clock.js';
import type { DesiredSnapshot, DesiredWorkspace, SpecProblem } from '../model/desired.js';
import { nodeFileSystem } from './files/file-system.js';
import type { FileSystem } from './files/file-system.js';
import type { GitSource } from './git/git-source.js';
import { createLastGoodStore, noLastGoodStore } from './last-good.js';
import { merge } from './resolve/merge.js';
import type { Merged, Wanted } from './resolve/merge.js';
import { createPacer, mapLimit } from './files/pacer.js';
import type { Breathe } from './files/pacer.js';
import { createPresence } from './presence.js';
import { byPlace } from './parse/problem.js';
import { createCacheResolver } from './resolve/cache-resolver.js';
import { reclaimPolicyOf } from './resolve/resolve-workspace.js';
import { createResolver } from './resolve/workspace-resolver.js';
import { loadSchemas } from './check/schema.js';
import { createSecretReader, type AgeSource } from './secrets/secret-reader.js';
import { createSourceReader, SETTLE_MS } from './files/source-reader.js';
import type { SourceReader } from './files/source-reader.js';
import type { CacheDefinition, SourceReading, WorkspaceDefinition } from './parse/spec-file.js';
import { specKey, workspaceOfKey } from './parse/spec-kind.js';
import { createStatusBook } from './source-status.js';
import type { SourceStatus } from './source-status.js';
import { createWatcher } from './files/watcher.js';

/** Each secret's hash takes some 16 MiB and a thread; two leave threads for reading files. */
const RESOLVED_AT_ONCE = 2;

export interface DesiredStateOptions {
  readonly directories: readonly string[];
  /** Started and stopped by who made them. */
  readonly git?: readonly GitSource[];
  readonly secretsDir: string | null;
  /** Of the age keys for encrypted files in `directories`; none without it. */
  readonly ageIdentityFile?: string | null;
  /** Where last good specs are kept; null keeps them in memory only. */
  readonly stateDir: string | null;
  /** Reads the last good specs and writes none: for a plan. */
  readonly readOnly?: boolean;
  readonly instance: string;
  readonly clock: Clock;
  readonly fs?: FileSystem;
}

/** What the sources want, as far as it can be known. */
export interface DesiredState {
  /**
   * One look at all sources; a second call waits for the first. Bad input never makes it fail, only `signal` does.
   * `complete: false` forbids deletions and nothing else: a directory is unreadable, or a file so broken that any name
   * could be in it. A name stays in `removed` until it is forgotten or its spec is back.
   */
  scan(signal?: AbortSignal): Promise<DesiredSnapshot>;
  /** Calls `onHint` when a scan might find something new; returns what ends it. Hints are lost at times: scan now and then anyway. */
  watch(onHint: () => void): () => void;
  sources(): readonly SourceStatus[];
  /** Every server was asked once, and a scan has seen what came of it. */
  isSettled(): boolean;
  /** To be called when a removed workspace's container is gone: drops its last good spec. Does nothing for other names. */
  forget(name: string): Promise<void>;
}

export function createDesiredState(options: DesiredStateOptions): DesiredState {
  const { clock, fs = nodeFileSystem, secretsDir, stateDir, instance } = options;
  const schemas = loadSchemas();
  const roots = [...new Set(options.directories.map((directory) => resolve(directory)))];
  const git = options.git ?? [];
  const readers = [...roots.map((root) => createSourceReader({ id: `dir:${root}`, root, fs, schemas, clock })), ...git];
  const kept = stateDir === null ? noLastGoodStore : createLastGoodStore(resolve(stateDir), schemas);
  const store = options.readOnly === true ? { ...noLastGoodStore, load: kept.load } : kept;
  const secretsRoot = secretsDir === null ? null : resolve(secretsDir);
  const secretReader = createSecretReader({
    directory: secretsRoot,
    instance,
    fs,
    age: ageSources(roots, git, options.ageIdentityFile ?? null),
  });
  const watcher = createWatcher(secretsRoot === null ? roots : [...roots, secretsRoot], clock);
  const presence = createPresence();
  const resolver = createResolver();
  const cacheResolver = createCacheResolver();
  const statuses = createStatusBook(readers);
  let isLoaded = false;
  /** What the last scan has seen of each git source. */
  let scanned: readonly number[] = [];
  let lastScan: Promise<unknown> = Promise.resolve();

  const loadLastGood = async (breathe: Breathe): Promise<void> => {
    if (isLoaded) return;
    for (const definition of await store.load(breathe)) presence.remember(definition);
    isLoaded = true;
  };

  /** The merged objects, and those that are absent but not provably gone. */
  const withAbsent = (merged: Merged, complete: boolean) => {
    const wanted = new Map(merged.wanted);
    const { pending, removed, lookAgainMs } = presence.judge((key) => wanted.has(key), complete, clock.now());
    for (const key of pending) {
      const definition = presence.known.get(key);
      if (definition) wanted.set(key, { definition, problem: null, isNewest: false });
    }
    if (lookAgainMs !== null) watcher.hintIn(lookAgainMs);
    return { wanted: [...wanted.values()].sort(byKey), removed, absent: workspacesOf(pending) };
  };

  /** Nothing hangs on a removed cache's spec, unlike on a workspace's: its record goes at once. */
  const forgetCaches = async (removed: ReadonlySet<string>): Promise<void> => {
    for (const key of removed) if (workspaceOfKey(key) === null && presence.forget(key)) await store.remove(key);
  };

  const resolveWorkspaces = async (wanted: readonly Wanted<WorkspaceDefinition>[], breathe: Breathe) => {
    const secrets = secretReader.scan();
    const workspaces = new Map<string, DesiredWorkspace>();
    const problems: SpecProblem[] = [];
    const resolved = await mapLimit(wanted, RESOLVED_AT_ONCE, async (item) => {
      await breathe();
      return resolver(item, secrets);
    });
    for (const one of resolved) {
      workspaces.set(one.desired.name, one.desired);
      problems.push(...one.problems);
    }
    secrets.end();
    return { workspaces, problems };
  };

  const scanOnce = async (signal: AbortSignal | undefined): Promise<DesiredSnapshot> => {
    signal?.throwIfAborted();
    const breathe = createPacer(signal);
    await loadLastGood(breathe);
    const generations = git.map((source) => source.generation());
    const readings = await readAll(readers, breathe, watcher);
    if (readings.some((reading) => reading.files.some((file) => file.isSettling))) watcher.hintIn(SETTLE_MS);

    await breathe();
    const merged = merge(readings, presence.known);
    await breathe();
    const complete = !merged.hidesNames && readings.every((reading) => reading.isWhole);
    const newest = [...merged.wanted.values()].filter((item) => item.isNewest).map((item) => item.definition);
    for (const definition of newest) presence.remember(definition);
    const { wanted, removed, absent } = withAbsent(merged, complete);
    const saveProblems = await store.save(newest, breathe);
    if (secretsRoot !== null) await watcher.arm(secretsRoot);
    await forgetCaches(removed);
    const resolved = await resolveWorkspaces(wanted.filter(isWorkspace), breathe);
    const caches = cacheResolver.resolve(wanted.filter(isCache), merged, resolved.workspaces.values());

    const problems = [...merged.problems, ...resolved.problems, ...saveProblems].sort(byPlace);
    statuses.record(readings, wanted, problems, clock.now());
    scanned = generations;
    const revisions = new Map(
      readings.flatMap(({ id, revision }) => (revision == null ? [] : [[id, revision] as const])),
    );
    return {
      complete,
      workspaces: resolved.workspaces,
      caches,
      claimed: workspacesOf(merged.claimed),
      absent,
      removed: policies(removed),
      problems,
      revisions,
    };
  };

  const policies = (keys: ReadonlySet<string>): DesiredSnapshot['removed'] =>
    new Map(
      [...workspacesOf(keys)].sort().flatMap((name) => {
        const definition = presence.known.get(name);
        return definition?.kind === 'Workspace'
          ? [[name, { reclaimPolicy: reclaimPolicyOf(definition) }] as const]
          : [];
      }),
    );

  return {
    scan(signal) {
      const scan = lastScan.then(() => scanOnce(signal));
      lastScan = scan.catch(() => undefined);
      return unlessAborted(scan, signal);
    },
    watch(onHint) {
      const ends = [watcher.subscribe(onHint), ...git.map((source) => source.subscribe(onHint))];
      return () => ends.forEach((end) => end());
    },
    isSettled: () => git.every((source, index) => source.isSettled() && source.generation() === scanned[index]),
    sources: () => statuses.all(),
    async forget(name) {
      const key = specKey('Workspace', name);
      if (presence.forget(key)) await store.remove(key);
    },
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

/** One after the other: which source a doubly listed file belongs to must not depend on luck. */
async function readAll(
  readers: readonly SourceReader[],
  breathe: Breathe,
  watcher: ReturnType<typeof createWatcher>,
): Promise<SourceReading[]> {
  const seen = new Set<string>();
  const directories = new Set<string>();
  const readings: SourceReading[] = [];
  const onDirectory = (path: string): Promise<void> => {
    directories.add(path);
    return watcher.arm(path);
  };
  for (const reader of readers) readings.push(await reader.read({ breathe, seen, onDirectory }));
  watcher.keepOnly(directories);
  return readings;
}

/** Rejects at once on abort, though a call to a hung file system goes on behind. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolveWork, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolveWork, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function workspacesOf(keys: ReadonlySet<string>): Set<string> {
  return new Set([...keys].filter((key) => workspaceOfKey(key) !== null));
}

function isWorkspace(item: Wanted): item is Wanted<WorkspaceDefinition> {
  return item.definition.kind === 'Workspace';
}

function isCache(item: Wanted): item is Wanted<CacheDefinition> {
  return item.definition.kind === 'NixCache';
}

function byKey(a: Wanted, b: Wanted): number {
  return a.definition.key < b.definition.key ? -1 : 1;
}
