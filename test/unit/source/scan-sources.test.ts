import { describe, expect, it } from '@jest/globals';
import type { SpecProblem } from '../../../controller/model/desired.js';
import { interpret } from '../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../controller/source/check/schema.js';
import { SETTLE_MS, type SourceReader } from '../../../controller/source/files/source-reader.js';
import type { GitSource } from '../../../controller/source/git/git-source.js';
import { problemOf } from '../../../controller/source/parse/problem.js';
import type { Definition, ScannedFile, SourceReading } from '../../../controller/source/parse/spec-file.js';
import { ABSENCE_MS, createPresence } from '../../../controller/source/presence.js';
import { createCacheResolver } from '../../../controller/source/resolve/cache-resolver.js';
import { createWorkspaceResolver } from '../../../controller/source/resolve/workspace-resolver.js';
import { scanSources, type Scanner } from '../../../controller/source/scan-sources.js';
import { createStatusBook } from '../../../controller/source/source-status.js';
import { createManualClock } from '../../support/manual-clock.js';
import { cache, workspace } from './fixture.js';

const schemas = loadSchemas();

/** A file of the source `source`, as a scan finds it. */
async function fileOf(source: string, content: object | string, change: Partial<ScannedFile> = {}) {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const spec = await interpret(schemas, bytes, { source, file: 'spec.json' }, async () => undefined);
  return { ...spec, isSettling: false, staleBecause: null, ...change };
}

const readingOf = (id: string, files: readonly ScannedFile[], change: Partial<SourceReading> = {}): SourceReading => ({
  id,
  files,
  problems: [],
  isWhole: true,
  ...change,
});

const ALICE = await fileOf('one', workspace('alice'));
const TEAM = await fileOf('one', cache('team', {}));
const [DEFINED_ALICE] = ALICE.definitions as [Definition];

/** Two sources, whose readings the test sets; what a scan does to everything else is noted. */
function open({ hasSecrets = false } = {}) {
  const clock = createManualClock();
  const done: string[] = [];
  const world = {
    one: readingOf('one', []),
    two: readingOf('two', []),
    lastGood: [] as Definition[],
    saveProblems: [] as SpecProblem[],
    generation: 1,
    /** Called while the second source is read. */
    onRead: () => undefined as void,
  };
  const one: SourceReader = {
    id: 'one',
    async read({ seen, onDirectory }) {
      seen.add('/one/spec.json');
      await onDirectory('/one');
      return world.one;
    },
  };
  const two: SourceReader = {
    id: 'two',
    async read({ seen }) {
      done.push(`two reads after ${[...seen].join()}`);
      world.onRead();
      return world.two;
    },
  };
  const readers = [one, two];
  const scanner: Scanner = {
    readers,
    git: [{ generation: () => world.generation } as GitSource],
    store: {
      async load() {
        done.push('load');
        return world.lastGood;
      },
      async save(definitions) {
        done.push(`save ${definitions.map(({ key }) => key).join()}`);
        return world.saveProblems;
      },
      remove: async (key) => void done.push(`remove ${key}`),
    },
    secretsRoot: hasSecrets ? '/secrets' : null,
    secretReader: {
      scan: () => ({
        read: async () => ({ secret: null, digest: '', message: null }),
        end: () => void done.push('end of secrets'),
      }),
    },
    watcher: {
      subscribe: () => () => undefined,
      arm: async (path) => void done.push(`watch ${path}`),
      keepOnly: (paths) => void done.push(`watch only ${[...paths].join()}`),
      hintIn: (ms) => void done.push(`look again in ${ms}`),
    },
    presence: createPresence(),
    resolveWorkspace: createWorkspaceResolver(),
    cacheResolver: createCacheResolver(),
    statuses: createStatusBook(readers),
    clock,
    state: { isLoaded: false, scanned: [] },
  };
  return {
    world,
    scanner,
    clock,
    scan: (signal?: AbortSignal) => scanSources(scanner, signal),
    done: () => done.splice(0),
  };
}

describe('one scan of all sources', () => {
  it('reads one after the other, watches what they read, and keeps what is good', async () => {
    const { world, scan, done } = open({ hasSecrets: true });
    world.one = readingOf('one', [ALICE]);
    await scan();
    expect(done()).toEqual([
      'load',
      'watch /one',
      'two reads after /one/spec.json',
      'watch only /one',
      'save alice',
      'watch /secrets',
      'end of secrets',
    ]);
  });

  it('loads what an earlier process kept once, and again when that was cut off', async () => {
    const { scan, scanner, done } = open();
    const isCut = { ...scanner, store: { ...scanner.store, load: () => Promise.reject(new Error('cut off')) } };
    await expect(scanSources(isCut, undefined)).rejects.toThrow('cut off');
    expect(scanner.state.isLoaded).toBe(false);
    for (let scans = 0; scans < 2; scans += 1) await scan();
    expect(done().filter((what) => what === 'load')).toEqual(['load']);
  });

  it('takes a git source for seen as it was before it was read', async () => {
    const { world, scan, scanner } = open();
    world.onRead = () => void (world.generation += 1);
    await scan();
    expect(scanner.state.scanned).toEqual([1]);
  });

  it('does nothing once it is to stop', async () => {
    const { scan, done } = open();
    await expect(scan(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    expect(done()).toEqual([]);
  });

  it('tells the revision of each source that has one', async () => {
    const { world, scan } = open();
    world.one = readingOf('one', [], { revision: 'abc' });
    world.two = readingOf('two', [], { revision: null });
    expect([...(await scan()).revisions]).toEqual([['one', 'abc']]);
  });

  it('looks again soon at a file that seems half written', async () => {
    const { world, scan, done } = open();
    world.one = readingOf('one', [await fileOf('one', '{', { isSettling: true })]);
    expect((await scan()).problems).toEqual([]);
    expect(done()).toContain(`look again in ${SETTLE_MS}`);
  });

  it('sorts all problems by their place, those of the state directory among them', async () => {
    const { world, scan, scanner } = open();
    const problem = (file: string) => problemOf('two', file, 'it cannot be read');
    world.two = readingOf('two', [], { problems: [problem('z'), problem('b')] });
    world.saveProblems = [problem('m')];
    expect((await scan()).problems.map(({ location }) => location.file)).toEqual(['b', 'm', 'z']);
    expect(scanner.statuses.all().map(({ problems }) => problems.length)).toEqual([0, 3]);
  });
});

describe('a snapshot', () => {
  it.each<{ what: string; change: () => Promise<SourceReading>; complete: boolean }>([
    { what: 'of sources that were read whole', change: async () => readingOf('two', [ALICE]), complete: true },
    { what: 'of one that was not', change: async () => readingOf('two', [], { isWhole: false }), complete: false },
    {
      what: 'with a file that may define anything',
      change: async () => readingOf('two', [await fileOf('two', 'no json')]),
      complete: false,
    },
  ])('$what is complete: $complete', async ({ change, complete }) => {
    const { world, scan } = open();
    world.two = await change();
    expect((await scan()).complete).toBe(complete);
  });

  it('keeps what an earlier process knew while its source cannot be read, and saves nothing of it', async () => {
    const { world, scan, done } = open();
    world.lastGood = [DEFINED_ALICE];
    world.one = readingOf('one', [], { isWhole: false });
    const { workspaces, removed } = await scan();
    expect([[...workspaces.keys()], [...removed.keys()]]).toEqual([['alice'], []]);
    expect(done()).toContain('save ');
  });

  it('holds an absent object until it is provably gone, and looks again for that', async () => {
    const { world, scan, clock, done } = open();
    world.one = readingOf('one', [ALICE, TEAM]);
    await scan();
    world.one = readingOf('one', []);
    done();
    const absent = await scan();
    expect([[...absent.workspaces.keys()], [...absent.absent]]).toEqual([['alice'], ['alice']]);
    expect(absent.caches.has('team')).toBe(true);
    expect(done()).toContain(`look again in ${ABSENCE_MS}`);
    clock.advance(ABSENCE_MS);
    const gone = await scan();
    expect([gone.workspaces.size, gone.absent.size, gone.caches.size]).toEqual([0, 0, 0]);
    expect([...gone.removed]).toEqual([['alice', { reclaimPolicy: 'Retain' }]]);
  });

  it('forgets the last good spec of a removed cache at once, and not that of a workspace', async () => {
    const { world, scan, clock, done, scanner } = open();
    world.one = readingOf('one', [ALICE, TEAM]);
    await scan();
    world.one = readingOf('one', []);
    await scan();
    clock.advance(ABSENCE_MS);
    done();
    await scan();
    expect(done().filter((what) => what.startsWith('remove'))).toEqual(['remove NixCache/team']);
    expect([...scanner.presence.known.keys()]).toEqual(['alice']);
  });

  it('claims the name of a broken spec that has never been good', async () => {
    const { world, scan } = open();
    world.one = readingOf('one', [await fileOf('one', workspace('bob', { image: 7 }))]);
    const { claimed, workspaces, complete } = await scan();
    expect([[...claimed], workspaces.size, complete]).toEqual([['bob'], 0, true]);
  });

  it('does not remember the spec that a newer, unreadable one stands behind', async () => {
    const { world, scan, done } = open();
    const stale = { ...ALICE, staleBecause: problemOf('one', 'spec.json', 'it cannot be read') };
    world.one = readingOf('one', [stale]);
    const { workspaces } = await scan();
    expect(workspaces.get('alice')?.problem?.message).toBe('it cannot be read');
    expect(done()).toContain('save ');
  });
});
