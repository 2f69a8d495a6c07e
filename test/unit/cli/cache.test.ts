import { describe, expect, it } from '@jest/globals';
import { NIX_HOLES_AS_OF } from '../../../controller/model/nix-holes.js';
import type { CacheUse } from '../../../controller/model/cache-status.js';
import { formatBytes } from '../../../controller/model/quantity.js';
import type { Verdict } from '../../../controller/model/status.js';
import { cacheTable, hitRateText } from '../../../controller/cli/text/cache-table.js';
import { cacheStatusText, cacheSummaryText, cacheUseText } from '../../../controller/cli/text/cache-text.js';
import { describeWorkspaceText } from '../../../controller/cli/text/describe-text.js';
import { createProgress } from '../../../controller/cli/text/progress.js';
import { workspaceTable } from '../../../controller/cli/text/workspace-table.js';
import { createStatusStore } from '../../../controller/status/store.js';
import {
  cacheFailing,
  failing,
  sampleCacheReport,
  sampleCacheStatus,
  samplePackages,
  sampleProblem,
  sampleReport,
  sampleStatus,
  sampleUse,
  START,
} from '../status/samples.js';
import { captureIo } from './harness.js';

const PLAIN = { columns: null, color: false, now: START };
const fresh = sampleCacheReport(
  { kind: 'progressing', message: 'creating the keeper' },
  {
    name: 'blue',
    spec: { location: null, problem: null },
    volume: 'kalpana-nix-store-blue',
    nixpkgsRelease: null,
    sandbox: null,
    keeper: null,
    storeBytes: null,
    storePaths: null,
    environments: 0,
    workspaces: [],
    totals: { paths: { hit: 0, fetched: 0, built: 0 }, bytesFetched: 0, bytesSaved: 0 },
  },
);

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [12_897_485, '12.3 MiB'],
    [1_048_575, '1.0 MiB'],
    [1_610_612_736, '1.5 GiB'],
    [1e16, '9094.9 TiB'],
  ])('%d: %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('hitRateText', () => {
  it.each([
    [null, '-'],
    [0, '0%'],
    [0.9718, '97.1%'],
    [0.99999, '99.9%'],
    [1, '100%'],
  ])('%p: %s', (rate, text) => expect(hitRateText(rate)).toBe(text));
});

describe('cacheUseText', () => {
  it.each<[Partial<CacheUse>, string]>([
    [{}, '34 of 34 paths from the cache, 0 B fetched, 0.1 s'],
    [
      {
        paths: { asked: 34, hit: 30, fetched: 2, built: 2 },
        bytes: { asked: 0, hit: 0, fetched: 12_897_485, built: 0 },
        seconds: 3.26,
      },
      '30 of 34 paths from the cache, 12.3 MiB fetched, 3.3 s, 2 built',
    ],
    [
      { paths: { asked: 0, hit: 0, fetched: 0, built: 0 }, seconds: 0 },
      '0 of 0 paths from the cache, 0 B fetched, 0.0 s',
    ],
  ])('%j', (changes, text) => expect(cacheUseText(sampleUse(changes))).toBe(text));
});

describe('cacheTable', () => {
  it('shows what each holds and saved, and why one is not ready', () => {
    expect(cacheTable([sampleCacheStatus(fresh), sampleCacheStatus()], PLAIN)).toBe(
      [
        'NAME     PHASE    READY  KEEPER-IMAGE               WORKSPACES  ENVIRONMENTS  SIZE     HIT-RATE  FETCHED   SAVED      LAST-GC  MESSAGE',
        'blue     Pending  False  -                          0           0             -        -         0 B       0 B        -        creating the keeper',
        'default  Ready    True   kalpana/nix-keeper:latest  2           2             1.5 GiB  97%       30.0 MiB  300.0 MiB  -',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['a failure', sampleCacheReport(cacheFailing('CacheDiskFull', 'no space')), 'no space. Free space'],
    [
      'a broken spec',
      sampleCacheReport({ kind: 'ready' }, { spec: { location: null, problem: sampleProblem(null) }, underWay: ['a'] }),
      'specs/alice.json:3:7: unknown field',
    ],
    [
      'what is under way',
      sampleCacheReport({ kind: 'ready' }, { underWay: ['alice: evaluating', 'bob: fetching git'] }),
      'alice: evaluating; bob: fetching git',
    ],
  ])('tells %s', (_name, report, message) => {
    expect(cacheTable([sampleCacheStatus(report)], PLAIN)).toContain(`  ${message}`);
  });

  it('has a word for none', () => expect(cacheTable([], PLAIN)).toBe('No caches.\n'));
});

describe('cacheStatusText', () => {
  it('shows facts, what is under way, conditions and recent events', () => {
    const store = createStatusStore({ now: () => START });
    store.reportCache(sampleCacheReport({ kind: 'ready' }, { underWay: ['alice: evaluating', 'bob: fetching git'] }));
    expect(cacheStatusText(store.cache('default')!, store.events({ cache: 'default' }), START + 60_000)).toBe(`\
Name:          default
Phase:         Ready
Spec:          specs/cache.json:1:1
Volume:        kalpana-nix-store
Nixpkgs:       26.05
Size:          1.5 GiB
Paths:         312
Environments:  2
Hit rate:      97% (97 of 100 paths; 2 fetched, 1 built)
Fetched:       30.0 MiB
Saved:         300.0 MiB
GC:            -
Keeper:        kalpana-nix-keeper-default (fedcba987654), running
Keeper image:  kalpana/nix-keeper:latest
Nix:           2.34.8
Workspaces:    alice, bob

Under way:
  alice: evaluating
  bob: fetching git

Conditions:
  TYPE              STATUS   REASON        SINCE  MESSAGE
  SpecValid         True     Valid         60s
  KeeperReady       True     Running       60s
  KeeperSecure      True     NoKnownHoles  60s    Nix 2.34.8 has no hole in the table of ${NIX_HOLES_AS_OF}.
  NixpkgsSupported  True     Supported     60s    nixpkgs 26.05, until 2026-12-31.
  BuildsSandboxed   True     Sandboxed     60s    Builds see their inputs, and nothing else of the keeper.
  StoreIntact       Unknown  NotKnown      60s    Nobody has looked yet: kalpana cache verify default reads the whole store.
  Ready             True     Ready         60s

Events:
  TYPE    REASON  AGE  MESSAGE
  Normal  Ready   60s  Pending -> Ready
`);
  });

  it('shows the known holes of the keeper beside its version', () => {
    const { keeper } = sampleCacheReport();
    const nixLine = (nixVersion: string | null) => {
      const report = sampleCacheReport({ kind: 'ready' }, { keeper: { ...keeper!, nixVersion } });
      return /^Nix: +(.*)$/m.exec(cacheStatusText(sampleCacheStatus(report), [], START))?.[1];
    };
    expect(nixLine('2.28.6')).toBe('2.28.6, with known holes: CVE-2026-44028, CVE-2026-44029');
    expect([nixLine('unknown'), nixLine(null)]).toEqual(['unknown', '-']);
  });

  it('does without a file, a keeper, numbers and events', () => {
    const text = cacheStatusText(sampleCacheStatus(fresh), [], START);
    expect(text).toContain(`\
Spec:          none, the defaults hold
Volume:        kalpana-nix-store-blue
Nixpkgs:       names no release
Size:          -
Paths:         -
Environments:  0
Hit rate:      -
Fetched:       0 B
Saved:         0 B
GC:            -
Keeper:        none
Workspaces:    none

Under way: nothing

Conditions:`);
    expect(text.endsWith('\nEvents: none\n')).toBe(true);
  });
});

describe("a workspace's cache", () => {
  const facts = (cache: Parameters<typeof samplePackages>[0]) =>
    describeWorkspaceText(sampleStatus(sampleReport({ kind: 'ready' }, { cache: samplePackages(cache) })), [], START)
      .split('\n')
      .filter((line) => /^(Cache|Packages|Cache use):/.test(line))
      .map((line) => line.replace(/: +/, ': '));

  it('is described with its last use', () => {
    expect(facts({ lastUse: sampleUse() })).toEqual([
      'Cache: default',
      'Packages: git, ripgrep',
      'Cache use: 34 of 34 paths from the cache, 0 B fetched, 0.1 s',
    ]);
    expect(facts({ packages: [] })).toEqual(['Cache: default', 'Packages: none', 'Cache use: -']);
  });

  const starting: Verdict = { kind: 'progressing', message: 'the packages are being realised', replacing: false };
  it.each<[string, Verdict, Parameters<typeof samplePackages>[0], string]>([
    [
      'progress',
      starting,
      { profile: 'none', progress: 'fetching git (1.2 of 30.1 MiB)' },
      'fetching git (1.2 of 30.1 MiB)',
    ],
    ['no progress', starting, { profile: 'none' }, 'the packages are being realised'],
    ['progress beside a Ready workspace', { kind: 'ready' }, { profile: 'old', progress: 'evaluating' }, 'evaluating'],
    [
      'a failure before progress',
      failing('PortConflict', false, 'port 80 is in use'),
      { profile: 'none', progress: 'evaluating' },
      'port 80 is in use. Free',
    ],
    [
      'packages that are not as wanted',
      { kind: 'ready' },
      { profile: 'old', failure: { reason: 'PackageNotFound', message: 'no attribute gti' } },
      'no attribute gti. Check',
    ],
    ['nothing when all is well', { kind: 'ready' }, {}, ''],
  ])('in the table of workspaces: %s', (_name, verdict, cache, message) => {
    const status = sampleStatus(sampleReport(verdict, { cache: samplePackages(cache) }));
    const row = workspaceTable([status], PLAIN).split('\n')[1] ?? '';
    const told = row.split(/ 5m */)[1] ?? '';
    expect(told.slice(0, message.length || undefined)).toBe(message);
  });
});

describe('progress of realisations at a terminal', () => {
  it('is told at most every two seconds for each cache', () => {
    let now = START;
    const { io, written } = captureIo({ columns: 80, now: () => now });
    const progress = createProgress(io);
    for (let second = 0; second < 3; second += 1) {
      progress.realising('default', ['alice', 'bob'], `fetching git (${second} of 9 paths)`);
      progress.realising('blue', ['w1', 'w2', 'w3', 'w4', 'w5'], 'building\u001b[31m x');
      now += 1_000;
    }
    const blue = 'cache blue  w1, w2, w3 and 2 more  building [31m x\n';
    expect(written.out).toBe(
      `cache default  alice, bob  fetching git (0 of 9 paths)\n${blue}cache default  alice, bob  fetching git (2 of 9 paths)\n${blue}`,
    );
  });

  it('is told at a terminal only, and does not keep an image of the same name from telling', () => {
    const elsewhere = captureIo();
    createProgress(elsewhere.io).realising('default', ['alice'], 'evaluating');
    expect(elsewhere.written.out).toBe('');
    const { io, written } = captureIo({ columns: 80 });
    const progress = createProgress(io);
    progress.realising('debian', ['alice'], 'evaluating');
    progress.pulled({ image: 'debian', status: 'Extracting', currentBytes: 0, totalBytes: 0 });
    expect(written.out).toBe('cache debian  alice  evaluating\nimage debian  Extracting\n');
  });
});

describe('cacheSummaryText', () => {
  it('says what sharing the store came to', () => {
    expect(cacheSummaryText(sampleCacheStatus())).toMatch(
      /^\nCache default:\n {2}Size: +\S+ \S+\n {2}Hit rate: +\S+% \(.* paths; .* fetched, .* built\)\n {2}Fetched: +.*\n {2}Saved: +.*\n$/,
    );
  });

  it('says nothing of a cache that nobody has used', () => {
    expect(cacheSummaryText({ ...sampleCacheStatus(), hitRate: null })).toBe('');
  });

  it('stands between the table and what to try next, at a terminal only', () => {
    const tryNext = {
      specs: ['a'],
      git: [],
      secretsDir: null,
      ageIdentityFile: null,
      stateDir: 's',
      address: null,
      dockerHost: null,
    };
    const settledAt = (columns: number | null) => {
      const { io, written } = captureIo({ columns });
      createProgress(io).settled([sampleStatus()], [sampleCacheStatus()], tryNext);
      return written.out;
    };
    expect(settledAt(80)).toMatch(/^\nNAME [^]*\n\nCache default:\n[^]*\n\nWhat to try next:\n/);
    expect(settledAt(null)).not.toContain('Cache default');
  });
});
