import { describe, expect, it } from '@jest/globals';
import type { WorkspaceCacheReport } from '../../../controller/model/cache-status.js';
import type { Failure } from '../../../controller/model/reasons.js';
import type { Verdict, WorkspaceReport } from '../../../controller/model/status.js';
import { conditionsOf } from '../../../controller/status/conditions.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { failing, samplePackages, sampleReport, sampleUse, START } from './samples.js';

const keeperDown: Failure = { reason: 'KeeperNotReady', message: 'the keeper of the cache default is not ready' };
const unknownPackage: Failure = { reason: 'PackageNotFound', message: 'nixpkgs has no attribute ripgrpe' };
const ready: Verdict = { kind: 'ready' };

function lines(cache: Partial<WorkspaceCacheReport> | null, verdict: Verdict = ready): string[] {
  return conditionsOf(sampleReport(verdict, { cache: cache === null ? null : samplePackages(cache) }), [], START)
    .filter(({ type }) => type === 'CacheReady' || type === 'PackagesReady')
    .map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`.trim());
}

describe('CacheReady and PackagesReady', () => {
  const cacheReady = 'CacheReady=True Ready';
  it.each<[string, Partial<WorkspaceCacheReport> | null, string[]]>([
    ['no cache: no conditions', null, []],
    ['all in place', {}, [cacheReady, 'PackagesReady=True Ready 2 packages: git, ripgrep']],
    ['one package', { packages: ['git'] }, [cacheReady, 'PackagesReady=True Ready 1 package: git']],
    ['no packages', { packages: [] }, [cacheReady, 'PackagesReady=True Ready no packages']],
    [
      'a keeper that is down while the profile is as wanted',
      { unavailable: keeperDown },
      [
        expect.stringMatching(
          /^CacheReady=False KeeperNotReady the keeper of the cache default is not ready\. Look at the cache/,
        ),
        'PackagesReady=True Ready 2 packages: git, ripgrep',
      ] as string[],
    ],
    [
      'not asked for yet',
      { profile: 'none' },
      [cacheReady, 'PackagesReady=False Pending The packages are not realised yet.'],
    ],
    [
      'an earlier profile',
      { profile: 'old' },
      [
        cacheReady,
        'PackagesReady=False Pending The packages are not realised yet. The old environment is still in place.',
      ],
    ],
    [
      'under way',
      { profile: 'none', progress: 'fetching hello-2.12 (1.2 of 30.1 MiB)' },
      [cacheReady, 'PackagesReady=False Realising fetching hello-2.12 (1.2 of 30.1 MiB)'],
    ],
    [
      'nothing known',
      { profile: 'unknown' },
      [cacheReady, 'PackagesReady=Unknown Unknown The cache has not told yet which packages are in place.'],
    ],
    [
      'a failure with nothing in place',
      { profile: 'none', failure: unknownPackage },
      [
        cacheReady,
        expect.stringMatching(
          /^PackagesReady=False PackageNotFound nixpkgs has no attribute ripgrpe\. Check the name (?!.*The old environment)/,
        ),
      ] as string[],
    ],
    [
      'a failure with the old environment in place, retried or not',
      { profile: 'old', failure: unknownPackage, progress: 'evaluating' },
      [
        cacheReady,
        expect.stringMatching(
          /^PackagesReady=False PackageNotFound nixpkgs .* The old environment is still in place\.$/,
        ),
      ] as string[],
    ],
  ])('%s', (_name, cache, expected) => {
    expect(lines(cache)).toEqual(expected);
  });

  it('are unknown while the engine does not answer, whatever was known', () => {
    const found = lines({ unavailable: keeperDown }, failing('EngineUnreachable', true, 'connect ENOENT'));
    expect(found).toEqual([
      expect.stringMatching(/^CacheReady=Unknown EngineUnreachable connect/),
      expect.stringMatching(/^PackagesReady=Unknown EngineUnreachable connect/),
    ]);
  });

  it('say why the profile is not known', () => {
    expect(lines({ profile: 'unknown', unavailable: keeperDown })[1]).toMatch(/^PackagesReady=Unknown KeeperNotReady /);
  });

  it('stand between the spec and the container, and go with the cache', () => {
    const first = conditionsOf(sampleReport(ready, { cache: samplePackages() }), [], START);
    expect(first.map(({ type }) => type)).toEqual([
      'SpecValid',
      'CacheReady',
      'PackagesReady',
      'ContainerReady',
      'Ready',
    ]);
    const second = conditionsOf(sampleReport(ready), first, START + 1_000);
    expect(second.map(({ type }) => type)).toEqual(['SpecValid', 'ContainerReady', 'Ready']);
    expect(new Set(second.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime)))).toEqual(new Set([START]));
  });
});

describe('the store', () => {
  function openStore() {
    const store = createStatusStore({ now: () => START });
    const report = (
      cache: Partial<WorkspaceCacheReport>,
      verdict: Verdict = ready,
      changes: Partial<WorkspaceReport> = {},
    ) => store.report(sampleReport(verdict, { cache: samplePackages(cache), ...changes }));
    const events = () =>
      store
        .events()
        .map(
          ({ type, reason, message, count }) =>
            `${type} ${reason}: ${message.split('. ')[0]}${count > 1 ? ` x${count}` : ''}`,
        );
    return { store, report, events };
  }
  const portTaken = failing('PortConflict', true, 'port 80 is in use');
  const broken = { profile: 'old', failure: unknownPackage } as const;

  it("keeps the cache's facts in the status", () => {
    const { store, report } = openStore();
    report({ profile: 'old', progress: 'evaluating', lastUse: sampleUse() });
    expect(store.get('alice')?.cache).toEqual({
      name: 'default',
      packages: ['git', 'ripgrep'],
      profile: 'old',
      progress: 'evaluating',
      lastUse: sampleUse(),
    });
    store.report(sampleReport(ready));
    expect(store.get('alice')?.cache).toBeNull();
  });

  it('records no progress, but tells those who listen of it', () => {
    const { store, report, events } = openStore();
    const told: (string | null | undefined)[] = [];
    store.subscribe(({ after }) => told.push(after?.cache?.progress));
    const starting: Verdict = { kind: 'progressing', message: 'the packages are being realised', replacing: false };
    for (const progress of ['evaluating', 'fetching a', 'fetching b', 'fetching b'])
      report({ profile: 'none', progress }, starting);
    report({}, ready);
    expect(told).toEqual(['evaluating', 'fetching a', 'fetching b', null]);
    expect(events()).toEqual(['Normal Starting: the packages are being realised', 'Normal Ready: Starting -> Ready']);
  });

  it('tells broken packages once, and their end once, however often they were tried in between', () => {
    const { report, events } = openStore();
    report({}, portTaken);
    report(broken, portTaken);
    report({ profile: 'old', progress: 'evaluating' }, portTaken);
    report(broken, portTaken);
    report({ profile: 'unknown' }, portTaken);
    report({}, portTaken);
    report({ profile: 'old', progress: 'evaluating' }, portTaken);
    report({}, portTaken);
    expect(events()).toEqual([
      'Warning PortConflict: port 80 is in use',
      'Warning PackageNotFound: nixpkgs has no attribute ripgrpe',
      'Normal PackagesReady: The packages are in place.',
    ]);
  });

  it('tells another failure of the packages', () => {
    const { report, events } = openStore();
    report(broken);
    report({
      profile: 'old',
      failure: { reason: 'PackageCollision', message: 'git and git-minimal both bring bin/git' },
    });
    expect(events().slice(1)).toEqual([
      'Warning PackageNotFound: nixpkgs has no attribute ripgrpe',
      'Warning PackageCollision: git and git-minimal both bring bin/git',
    ]);
  });

  it('says once what the phase says already, its end too', () => {
    const { report, events } = openStore();
    report(broken, failing('PackageNotFound', true, unknownPackage.message));
    report(broken, failing('PackageNotFound', true, unknownPackage.message));
    report({});
    expect(events()).toEqual([
      'Warning PackageNotFound: nixpkgs has no attribute ripgrpe',
      'Normal Ready: Degraded -> Ready',
    ]);
  });

  it('forgets with the cache and with the workspace', () => {
    const { store, report, events } = openStore();
    report(broken);
    store.report(sampleReport(ready));
    report({});
    report(broken);
    store.report(sampleReport({ kind: 'removed' }, { spec: null, container: null }));
    report({});
    expect(events().filter((text) => text.includes('PackagesReady'))).toEqual([]);
  });
});
