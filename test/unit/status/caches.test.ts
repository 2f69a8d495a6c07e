import { describe, expect, it } from '@jest/globals';
import { NIX_HOLES_AS_OF } from '../../../controller/model/nix-holes.js';
import type { CachePhase, CacheReport, CacheVerdict } from '../../../controller/model/cache-status.js';
import { nextCachePhase } from '../../../controller/status/cache-conditions.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { cacheFailing, sampleCacheReport, sampleCacheStatus, sampleProblem, sampleReport, START } from './samples.js';

const keeper = sampleCacheReport().keeper!;
const { spec } = sampleCacheReport();
const WARNINGS: readonly string[] = ['KeeperSecure', 'NixpkgsSupported', 'BuildsSandboxed', 'StoreIntact'];
const nix = (nixVersion: string | null) => sampleCacheReport({ kind: 'ready' }, { keeper: { ...keeper, nixVersion } });
const starting: CacheVerdict = { kind: 'progressing', message: 'creating the keeper' };

describe('conditions of a cache', () => {
  const lines = (report: CacheReport) =>
    sampleCacheStatus(report).conditions.flatMap(({ type, status, reason, message }) =>
      WARNINGS.includes(type) ? [] : [`${type}=${status} ${reason} ${message.split('. ')[0]}`.trim()],
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

describe('warnings about a cache', () => {
  const finding = (report: CacheReport, type: string, now = START) => {
    const store = createStatusStore({ now: () => now });
    store.reportCache(report);
    const { phase, conditions = [] } = store.cache('default') ?? {};
    const condition = conditions.find((one) => one.type === type);
    return [phase, `${condition?.status} ${condition?.reason} ${condition?.message}`] as const;
  };
  const on = (day: string) => Date.parse(`${day}T12:00:00Z`);
  const nixpkgs = (nixpkgsRelease: string | null) => sampleCacheReport({ kind: 'ready' }, { nixpkgsRelease });

  it.each<[string, CacheReport, RegExp]>([
    ['a sound Nix', nix('2.34.8'), /^True NoKnownHoles Nix 2\.34\.8 has no hole in the table of 20\d\d-\d\d-\d\d\.$/],
    [
      'known holes, with what they let whom do and the remedy',
      nix('2.26.3'),
      /^False KnownHoles Nix 2\.26\.3 has known holes: CVE-2026-44028 \(any client .*CVE-2026-39860 \(.*name it as image of the NixCache/,
    ],
    ['a version that cannot be read', nix('unknown'), /^Unknown NotKnown unknown is no version of Nix/],
    ['a keeper that has not answered', nix(null), /^Unknown NotKnown The keeper has not told/],
    ['no keeper', sampleCacheReport({ kind: 'ready' }, { keeper: null }), /^Unknown NotKnown The keeper has not told/],
  ])('KeeperSecure: %s', (_name, report, expected) => {
    const [phase, text] = finding(report, 'KeeperSecure');
    expect([phase, text]).toEqual(['Ready', expect.stringMatching(expected)]);
  });

  it.each<[string, boolean | null, CacheVerdict, RegExp]>([
    ['in a sandbox', true, { kind: 'ready' }, /^True Sandboxed Builds see their inputs/],
    ['without one, with the remedy', false, { kind: 'ready' }, /^False SandboxOff .* each other\. .*"sandbox": true/],
    ['without one, whatever the keeper does', false, starting, /^False SandboxOff/],
    ['in one by the spec, by a keeper that is to come', true, starting, /^Unknown NotKnown There is no keeper yet/],
    ['by no spec', null, { kind: 'ready' }, /^Unknown NotKnown No spec/],
  ])('BuildsSandboxed: %s', (_name, sandbox, verdict, expected) => {
    const [, text] = finding(sampleCacheReport(verdict, { sandbox }), 'BuildsSandboxed');
    expect(text).toMatch(expected);
  });

  it.each<[string, string | null, string, RegExp]>([
    ['a release that is supported', '26.05', '2026-11-28', /^True Supported nixpkgs 26\.05, until 2026-12-31\.$/],
    ['on its last day', '26.05', '2026-12-31', /^True Supported/],
    [
      'on the day after, with the remedy',
      '26.05',
      '2027-01-01',
      /^False NixpkgsUnsupported nixpkgs 26\.05 has had no mends.* since 2026-12-31\. Name a release/,
    ],
    ['long past its end', '25.05', '2026-11-28', /^False NixpkgsUnsupported nixpkgs 25\.05 .* since 2025-12-31/],
    [
      'a release that the table does not have',
      '99.05',
      '2026-11-28',
      /^Unknown NotKnown The table of .* no release 99/,
    ],
    ['an address that names none', null, '2026-11-28', /^Unknown NotKnown The address of its nixpkgs names no release/],
  ])('NixpkgsSupported: %s', (_name, release, day, expected) => {
    const [phase, text] = finding(nixpkgs(release), 'NixpkgsSupported', on(day));
    expect([phase, text]).toEqual(['Ready', expect.stringMatching(expected)]);
  });

  it('has the ids of the holes beside the conditions', () => {
    const ids = (version: string | null) => sampleCacheStatus(nix(version)).knownHoles;
    expect([ids('2.34.8'), ids('2.28.6'), ids('unknown'), ids(null)]).toEqual([
      [],
      ['CVE-2026-44028', 'CVE-2026-44029'],
      null,
      null,
    ]);
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

  describe('warnings', () => {
    const told = (...reports: CacheReport[]) => {
      const { store } = openStore();
      for (const report of reports) store.reportCache(report);
      return store
        .events({ cache: 'default' })
        .flatMap(({ type, reason, message, count }) =>
          /Holes|upported|Sandbox/.test(reason) ? [`${count} ${type} ${reason}: ${message.split(/: |, /)[0]}`] : [],
        );
    };
    const holes = (version: string) => `1 Warning KnownHoles: Nix ${version} has known holes`;
    const soundNow = `1 Normal NoKnownHoles: Nix 2.34.8 has no hole in the table of ${NIX_HOLES_AS_OF}.`;
    const gone = sampleCacheReport({ kind: 'removed' });
    const nixpkgs = (nixpkgsRelease: string, storeBytes = 0) =>
      sampleCacheReport({ kind: 'ready' }, { nixpkgsRelease, storeBytes });

    const sandbox = (isOn: boolean, storeBytes = 0) =>
      sampleCacheReport({ kind: 'ready' }, { sandbox: isOn, storeBytes });

    it.each<[string, CacheReport[], string[]]>([
      ['none of what is sound', [nix('2.34.8'), nix(null), nix('2.34.8')], []],
      ['each once, over restarts of the keeper too', [nix('2.26.3'), nix(null), nix('2.26.3')], [holes('2.26.3')]],
      ['what changed', [nix('2.26.3'), nix(null), nix('2.28.6')], [holes('2.26.3'), holes('2.28.6')]],
      ['what ended, once', [nix('2.26.3'), nix('2.34.8'), nix(null), nix('2.34.8')], [holes('2.26.3'), soundNow]],
      ['what began again', [nix('2.26.3'), nix('2.34.8'), nix('2.26.3')], [holes('2.26.3'), soundNow, holes('2.26.3')]],
      [
        'it to those who make a cache of the name again',
        [nix('2.26.3'), gone, nix('2.26.3')],
        [holes('2.26.3'), holes('2.26.3')],
      ],
      [
        'a nixpkgs past its end, once',
        [nixpkgs('25.05'), nixpkgs('25.05', 1)],
        ['1 Warning NixpkgsUnsupported: nixpkgs 25.05 has had no mends'],
      ],
      [
        'builds without a sandbox, and that they have one',
        [sandbox(false), sandbox(false, 1), sandbox(true)],
        ['1 Warning SandboxOff: builds run without a sandbox', '1 Normal Sandboxed: Builds see their inputs'],
      ],
    ])('tell %s', (_name, reports, expected) => {
      expect(told(...reports)).toEqual(expected);
    });
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
    ).toEqual([0, 2_000, 2_000, 0, 2_000, 0, 2_000]);
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
