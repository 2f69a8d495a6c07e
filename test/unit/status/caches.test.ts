import { describe, expect, it } from '@jest/globals';
import type { CachePhase, CacheReport, CacheVerdict } from '../../../controller/model/cache-status.js';
import { nextCachePhase } from '../../../controller/status/cache-conditions.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { cacheFailing, sampleCacheReport, sampleCacheStatus, sampleProblem, sampleReport, START } from './samples.js';

const keeper = sampleCacheReport().keeper!;
const { spec } = sampleCacheReport();
const starting: CacheVerdict = { kind: 'progressing', message: 'creating the keeper' };

describe('conditions of a cache', () => {
  const lines = (report: CacheReport) =>
    sampleCacheStatus(report).conditions.map(({ type, status, reason, message }) =>
      `${type}=${status} ${reason} ${message.split('. ')[0]}`.trim(),
    );
  const valid = 'SpecValid=True Valid';

  it.each<[string, CacheReport, string[]]>([
    ['ready', sampleCacheReport(), [valid, 'KeeperReady=True Running', 'Ready=True Ready']],
    [
      'no file',
      sampleCacheReport({ kind: 'ready' }, { spec: { location: null, problem: null } }),
      [`${valid} No file names it: the defaults hold.`, 'KeeperReady=True Running', 'Ready=True Ready'],
    ],
    [
      'no keeper yet',
      sampleCacheReport(starting, { keeper: null }),
      [valid, 'KeeperReady=False Missing There is no keeper.', 'Ready=False Starting creating the keeper'],
    ],
    [
      'a keeper that ended',
      sampleCacheReport(starting, { keeper: { ...keeper, state: 'exited' } }),
      [valid, 'KeeperReady=False Exited The keeper is exited.', 'Ready=False Starting creating the keeper'],
    ],
    [
      'a keeper that was not heard of',
      sampleCacheReport(starting, { keeper: { ...keeper, nixVersion: null } }),
      [
        valid,
        'KeeperReady=False Starting The keeper has not answered yet.',
        'Ready=False Starting creating the keeper',
      ],
    ],
    [
      'a keeper that serves while its change is under way',
      sampleCacheReport(starting),
      [valid, 'KeeperReady=True Running', 'Ready=False Starting creating the keeper'],
    ],
    [
      'a keeper that does not stay up',
      sampleCacheReport(cacheFailing('KeeperNotReady', 'it ends')),
      [valid, 'KeeperReady=False KeeperNotReady it ends', 'Ready=False KeeperNotReady it ends'],
    ],
    [
      'a failure while the keeper serves',
      sampleCacheReport(cacheFailing('CacheDiskFull', 'no space')),
      [valid, 'KeeperReady=True Running', 'Ready=False CacheDiskFull no space'],
    ],
    [
      'migrating',
      sampleCacheReport(cacheFailing('CacheMigrating', 'the bare store serves bob'), { keeper: null }),
      [
        valid,
        'KeeperReady=False CacheMigrating the bare store serves bob',
        'Ready=False CacheMigrating the bare store serves bob',
      ],
    ],
    [
      'an engine that does not answer',
      sampleCacheReport(cacheFailing('EngineUnreachable', 'connect ENOENT'), { keeper: null }),
      [valid, 'KeeperReady=Unknown EngineUnreachable connect ENOENT', 'Ready=Unknown EngineUnreachable connect ENOENT'],
    ],
    [
      'a broken spec whose last good version holds',
      sampleCacheReport({ kind: 'ready' }, { spec: { ...spec, problem: sampleProblem(null) } }),
      [
        'SpecValid=False SpecInvalid specs/alice.json:3:7: unknown field',
        'KeeperReady=True Running',
        'Ready=True Ready',
      ],
    ],
    [
      'no spec at all',
      sampleCacheReport(cacheFailing('CacheMissing', 'nothing defines blue'), {
        spec: { location: null, problem: null },
        keeper: null,
      }),
      [
        'SpecValid=False CacheMissing nothing defines blue',
        'KeeperReady=False CacheMissing nothing defines blue',
        'Ready=False CacheMissing nothing defines blue',
      ],
    ],
  ])('%s', (_name, report, expected) => {
    expect(lines(report)).toEqual(expected);
  });
});

describe('nextCachePhase', () => {
  const silent = { keeper: null };
  it.each<[string, CachePhase | null, CacheReport, CachePhase]>([
    ['first look', null, sampleCacheReport(starting, silent), 'Pending'],
    ['ready', 'Pending', sampleCacheReport(), 'Ready'],
    ['what was ready and is being repaired', 'Ready', sampleCacheReport(starting, silent), 'Degraded'],
    ['still being repaired', 'Degraded', sampleCacheReport(starting, silent), 'Degraded'],
    ['what never was ready waits', 'Pending', sampleCacheReport(cacheFailing('ImagePullFailed'), silent), 'Waiting'],
    ['the same after a loss', 'Ready', sampleCacheReport(cacheFailing('KeeperNotReady'), silent), 'Degraded'],
    ['the old keeper serves', null, sampleCacheReport(cacheFailing('KeeperNotReady')), 'Degraded'],
    ['until the spec changes', null, sampleCacheReport(cacheFailing('CreateFailed'), silent), 'Stalled'],
    ['emptied, as a person asked', 'Ready', sampleCacheReport(cacheFailing('CacheClearing')), 'Waiting'],
    ['migrating', null, sampleCacheReport(cacheFailing('CacheMigrating'), silent), 'Waiting'],
  ])('%s: %s -> %4$s', (_name, before, report, after) => {
    expect(nextCachePhase(before, report)).toBe(after);
  });
});

describe('caches in the store', () => {
  function openStore() {
    let now = START;
    const store = createStatusStore({ now: () => now });
    const events = () =>
      store
        .events({ cache: 'default' })
        .map(
          ({ type, workspace, reason, message }) => `${type} ${workspace ?? '-'} ${reason}: ${message.split('. ')[0]}`,
        );
    return { store, events, tick: (ms: number) => void (now += ms) };
  }

  it('follows one from its first look to its removal', () => {
    const { store, events } = openStore();
    store.reportCache(sampleCacheReport(cacheFailing('CacheMigrating', 'the bare store serves bob'), { keeper: null }));
    store.reportCache(sampleCacheReport(starting, { keeper: null }));
    store.reportCache(sampleCacheReport());
    store.reportCache(sampleCacheReport({ kind: 'ready' }, { underWay: ['alice: evaluating'], storeBytes: 1 }));
    store.reportCache(sampleCacheReport(cacheFailing('CacheDiskFull', 'no space')));
    store.reportCache(sampleCacheReport(cacheFailing('CacheDiskFull', 'no space at all')));
    store.reportCache(sampleCacheReport());
    store.reportCache(sampleCacheReport({ kind: 'removed' }));
    store.reportCache(sampleCacheReport({ kind: 'removed' }));
    expect([store.cache('default'), store.caches()]).toEqual([null, []]);
    expect(events()).toEqual([
      'Warning - CacheMigrating: the bare store serves bob',
      'Normal - Starting: creating the keeper',
      'Normal - Ready: Pending -> Ready',
      'Warning - CacheDiskFull: no space',
      'Warning - CacheDiskFull: no space at all',
      'Normal - Ready: Degraded -> Ready',
      'Normal - Removed: Neither a spec nor a workspace names it any more.',
    ]);
  });

  it('moves a transition time only when the status changes', () => {
    const { store, tick } = openStore();
    store.reportCache(sampleCacheReport(starting, { keeper: null }));
    tick(1_000);
    store.reportCache(sampleCacheReport(cacheFailing('ImagePullFailed'), { keeper: null }));
    tick(1_000);
    store.reportCache(sampleCacheReport());
    expect(
      store.cache('default')?.conditions.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime) - START),
    ).toEqual([0, 2_000, 2_000]);
  });

  it.each([
    [{ hit: 0, fetched: 0, built: 0 }, null],
    [{ hit: 0, fetched: 4, built: 0 }, 0],
    [{ hit: 97, fetched: 2, built: 1 }, 0.97],
  ])('hit rate of %j: %p', (paths, hitRate) => {
    expect(
      sampleCacheStatus(sampleCacheReport({ kind: 'ready' }, { totals: { paths, bytesFetched: 0, bytesSaved: 0 } }))
        .hitRate,
    ).toBe(hitRate);
  });

  it('keeps several apart, by name, and from workspaces of the same name', () => {
    const { store } = openStore();
    store.reportCache(sampleCacheReport(starting, { name: 'blue', keeper: null }));
    store.reportCache(sampleCacheReport());
    store.report(sampleReport({ kind: 'ready' }, { name: 'blue' }));
    expect(store.caches().map(({ name, phase }) => `${name} ${phase}`)).toEqual(['blue Pending', 'default Ready']);
    store.reportCache(sampleCacheReport({ kind: 'removed' }, { name: 'blue' }));
    expect([store.cache('blue'), store.get('blue')?.phase, store.cache('default')?.phase]).toEqual([
      null,
      'Ready',
      'Ready',
    ]);
    expect(store.events({ workspace: 'blue' }).map(({ reason }) => reason)).toEqual(['Ready']);
    expect(store.events({ cache: 'blue' }).map(({ reason }) => reason)).toEqual(['Starting', 'Removed']);
  });
});
