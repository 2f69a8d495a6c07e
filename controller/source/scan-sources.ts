import type { Clock } from '../model/clock.js';
import type { DesiredSnapshot, DesiredWorkspace, SpecProblem } from '../model/desired.js';
import { createPacer, mapLimit, type Breathe } from './files/pacer.js';
import { SETTLE_MS, type SourceReader } from './files/source-reader.js';
import type { Watcher } from './files/watcher.js';
import type { GitSource } from './git/git-source.js';
import type { LastGoodStore } from './last-good.js';
import { byPlace } from './parse/problem.js';
import type { CacheDefinition, Definition, SourceReading, WorkspaceDefinition } from './parse/spec-file.js';
import { workspaceOfKey } from './parse/spec-kind.js';
import type { Presence } from './presence.js';
import type { CacheResolver } from './resolve/cache-resolver.js';
import { merge, type Merged, type Wanted } from './resolve/merge.js';
import { reclaimPolicyOf } from './resolve/resolve-workspace.js';
import type { WorkspaceResolver } from './resolve/workspace-resolver.js';
import type { SecretReader } from './secrets/secret-reader.js';
import type { StatusBook } from './source-status.js';

/**
 * How many workspaces are resolved at once. Hashing a secret takes some 16 MiB and a thread; two at once leave threads
 * for reading files.
 */
const RESOLVED_AT_ONCE = 2;

/** The parts and the state of a scan. */
export interface Scanner {
  readonly readers: readonly SourceReader[];
  /** Those of `readers` that are git sources. */
  readonly git: readonly GitSource[];
  readonly store: LastGoodStore;
  readonly secretsRoot: string | null;
  readonly secretReader: SecretReader;
  readonly watcher: Watcher;
  readonly presence: Presence;
  readonly resolveWorkspace: WorkspaceResolver;
  readonly cacheResolver: CacheResolver;
  readonly statuses: StatusBook;
  readonly clock: Clock;
  /** The state, which only `scanSources` changes. */
  readonly state: {
    /** Whether the last good specs of an earlier process have been read. */
    isLoaded: boolean;
    /** The generation of each git source that the last scan has seen. */
    scanned: readonly number[];
  };
}

/** Reads all sources once. Must not be called again before it has ended. */
export async function scanSources(scanner: Scanner, signal: AbortSignal | undefined): Promise<DesiredSnapshot> {
  const { presence, store, watcher, secretsRoot, clock } = scanner;
  signal?.throwIfAborted();
  const breathe = createPacer(signal);
  await loadLastGood(scanner, breathe);
  const generations = scanner.git.map((source) => source.generation());
  const readings = await readAll(scanner, breathe);
  if (readings.some((reading) => reading.files.some((file) => file.isSettling))) watcher.hintIn(SETTLE_MS);

  await breathe();
  const merged = merge(readings, presence.known);
  await breathe();
  const complete = !merged.hidesNames && readings.every((reading) => reading.isWhole);
  const newest = [...merged.wanted.values()].filter((item) => item.isNewest).map((item) => item.definition);
  for (const definition of newest) presence.remember(definition);
  const { wanted, removed, absent } = withAbsent(scanner, merged, complete);
  const saveProblems = await store.save(newest, breathe);
  if (secretsRoot !== null) await watcher.arm(secretsRoot);
  await forgetCaches(scanner, removed);
  const resolved = await resolveWorkspaces(scanner, wanted.filter(isWorkspace), breathe);
  const caches = scanner.cacheResolver.resolve(wanted.filter(isCache), merged, resolved.workspaces.values());

  const problems = [...merged.problems, ...resolved.problems, ...saveProblems].sort(byPlace);
  scanner.statuses.record(readings, wanted, problems, clock.now());
  scanner.state.scanned = generations;
  return {
    complete,
    workspaces: resolved.workspaces,
    caches,
    claimed: workspacesOf(merged.claimed),
    absent,
    removed: reclaimPolicies(removed, presence.known),
    problems,
    revisions: new Map(readings.flatMap(({ id, revision }) => (revision == null ? [] : [[id, revision] as const]))),
  };
}

async function loadLastGood({ state, store, presence }: Scanner, breathe: Breathe): Promise<void> {
  if (state.isLoaded) return;
  for (const definition of await store.load(breathe)) presence.remember(definition);
  state.isLoaded = true;
}

/** Reads the sources one after the other, so that a file in two of them always belongs to the first. */
async function readAll({ readers, watcher }: Scanner, breathe: Breathe): Promise<SourceReading[]> {
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

/** The merged objects, together with those that are absent but not provably gone. */
function withAbsent({ presence, watcher, clock }: Scanner, merged: Merged, complete: boolean) {
  const wanted = new Map(merged.wanted);
  const { pending, removed, lookAgainMs } = presence.judge((key) => wanted.has(key), complete, clock.now());
  for (const key of pending) {
    const definition = presence.known.get(key);
    if (definition) wanted.set(key, { definition, problem: null, isNewest: false });
  }
  if (lookAgainMs !== null) watcher.hintIn(lookAgainMs);
  return { wanted: [...wanted.values()].sort(byKey), removed, absent: workspacesOf(pending) };
}

/** Removes the records of removed caches at once: unlike with a workspace, nothing needs their specs any more. */
async function forgetCaches({ presence, store }: Scanner, removed: ReadonlySet<string>): Promise<void> {
  for (const key of removed) if (workspaceOfKey(key) === null && presence.forget(key)) await store.remove(key);
}

async function resolveWorkspaces(
  { secretReader, resolveWorkspace }: Scanner,
  wanted: readonly Wanted<WorkspaceDefinition>[],
  breathe: Breathe,
) {
  const secrets = secretReader.scan();
  const workspaces = new Map<string, DesiredWorkspace>();
  const problems: SpecProblem[] = [];
  const resolved = await mapLimit(wanted, RESOLVED_AT_ONCE, async (item) => {
    await breathe();
    return resolveWorkspace(item, secrets);
  });
  for (const one of resolved) {
    workspaces.set(one.desired.name, one.desired);
    problems.push(...one.problems);
  }
  secrets.end();
  return { workspaces, problems };
}

function reclaimPolicies(
  removed: ReadonlySet<string>,
  known: ReadonlyMap<string, Definition>,
): DesiredSnapshot['removed'] {
  return new Map(
    [...workspacesOf(removed)].sort().flatMap((name) => {
      const definition = known.get(name);
      return definition?.kind === 'Workspace' ? [[name, { reclaimPolicy: reclaimPolicyOf(definition) }] as const] : [];
    }),
  );
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
