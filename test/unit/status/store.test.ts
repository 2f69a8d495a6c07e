import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../../controller/model/status.js';
import { createStatusStore, type StatusChange } from '../../../controller/status/store.js';
import type { SourceSummary } from '../../../controller/status/sources.js';
import { failed, settled } from '../../../controller/status/settled.js';
import {
  cacheFailing,
  failing,
  sampleCacheReport,
  sampleCacheStatus,
  samplePackages,
  sampleProblem,
  sampleReport,
  sampleStatus,
  START,
} from './samples.js';

const creating: Verdict = { kind: 'progressing', message: 'creating the container', replacing: false };

function openStore() {
  let now = START;
  const store = createStatusStore({ now: () => now });
  const changes: string[] = [];
  const unsubscribe = store.subscribe(({ name, before, after }: StatusChange) => {
    changes.push(`${name} ${before?.phase ?? 'none'} -> ${after?.phase ?? 'none'}`);
  });
  const events = () => store.events().map((event) => `${event.type} ${event.reason}: ${event.message}`);
  return { store, changes, unsubscribe, events, tick: (ms: number) => void (now += ms) };
}

describe('createStatusStore', () => {
  it('follows a workspace from its first look to its removal', () => {
    const { store, changes, events, tick } = openStore();
    store.report(sampleReport(creating, { container: null }));
    tick(1_000);
    store.report(sampleReport({ kind: 'ready' }));
    store.report(sampleReport(failing('CrashLoop', false, 'exit code 3')));
    store.report(sampleReport({ kind: 'removing' }, { spec: null }));
    expect(store.get('alice')).toMatchObject({
      phase: 'Removing',
      specHash: 'v1:aa',
      location: { file: 'specs/alice.json' },
    });
    store.report(sampleReport({ kind: 'removed' }, { spec: null, container: null }));
    expect(store.get('alice')).toBeNull();
    expect(changes).toEqual([
      'alice none -> Starting',
      'alice Starting -> Ready',
      'alice Ready -> Degraded',
      'alice Degraded -> Removing',
      'alice Removing -> none',
    ]);
    expect(events()).toEqual([
      'Normal Starting: creating the container',
      'Normal Ready: Starting -> Ready',
      'Warning CrashLoop: exit code 3. The main process ends soon after its start; read its output with docker logs.',
      'Normal RemovalPending: The spec is gone; the container is being removed.',
      'Normal Removed: The spec is gone and its container is removed.',
    ]);
  });

  it('says nothing when nothing changed', () => {
    const { store, changes, events, tick } = openStore();
    store.report(sampleReport({ kind: 'ready' }));
    tick(30_000);
    store.report(sampleReport({ kind: 'ready' }));
    store.report(sampleReport({ kind: 'removed' }, { name: 'nobody' }));
    expect(changes).toEqual(['alice none -> Ready']);
    expect(events()).toHaveLength(1);
  });

  it('records a new cause of the same phase, not each message of work under way', () => {
    const { store, events } = openStore();
    store.report(sampleReport({ ...creating, message: 'pulling 10 %' }));
    store.report(sampleReport({ ...creating, message: 'pulling 20 %' }));
    store.report(sampleReport(failing('ImagePullFailed', false, 'not found')));
    store.report(sampleReport(failing('ImagePullFailed', false, 'denied')));
    store.report(sampleReport(failing('PortConflict', false, 'port 80 is in use')));
    expect(events().map((text) => text.split('. ')[0])).toEqual([
      'Normal Starting: pulling 10 %',
      'Warning ImagePullFailed: not found',
      'Warning ImagePullFailed: denied',
      'Warning PortConflict: port 80 is in use',
    ]);
  });

  it('records a spec that broke and was mended while the workspace runs on', () => {
    const { store, events } = openStore();
    const { spec } = sampleReport({ kind: 'ready' });
    store.report(sampleReport({ kind: 'ready' }));
    store.report(sampleReport({ kind: 'ready' }, { spec: { ...spec!, problem: sampleProblem('alice') } }));
    store.report(sampleReport({ kind: 'ready' }));
    expect(events().slice(1)).toEqual([
      'Warning SpecInvalid: specs/alice.json:3:7: unknown field',
      'Normal SpecValid: The spec is valid again.',
    ]);
  });

  it('lists by name, and only to those that still listen', () => {
    const { store, changes, unsubscribe } = openStore();
    store.report(sampleReport({ kind: 'ready' }, { name: 'bob' }));
    unsubscribe();
    store.report(sampleReport({ kind: 'ready' }, { name: 'alice' }));
    expect(store.list().map(({ name }) => name)).toEqual(['alice', 'bob']);
    expect(changes).toEqual(['bob none -> Ready']);
  });

  it('keeps held names and sources in order, and records problems of no workspace once', () => {
    const { store, events } = openStore();
    const source = (id: string): SourceSummary => ({
      id,
      lastSuccess: START,
      readOnce: true,
      git: null,
      specs: { valid: 1, invalid: 1, lastGood: 0 },
      problems: [sampleProblem(null), sampleProblem('alice', 'its own report tells')],
    });
    store.setHeld(['bob', 'alice']);
    store.setSources([source('dir:b'), source('dir:a')]);
    store.setSources([source('dir:a')]);
    expect(store.held()).toEqual(['alice', 'bob']);
    expect(store.sources().map(({ id }) => id)).toEqual(['dir:a']);
    expect(events()).toEqual(['Warning SpecInvalid: specs/alice.json:3:7: unknown field']);
    expect(store.events()[0]?.count).toBe(1);
  });
});

describe('settled and failed', () => {
  it.each<[string, Verdict, boolean, boolean]>([
    ['ready', { kind: 'ready' }, true, false],
    ['stopped as wanted', { kind: 'stopped' }, true, false],
    ['under way', creating, false, false],
    ['tried again', failing('ImagePullFailed'), false, false],
    ['waiting for what the controller makes', failing('VolumeMissing'), false, false],
    ['waiting for a person', failing('PortConflict'), false, true],
    ['stalled', failing('StartFailed'), false, true],
    ['stalled while the old one serves', failing('ReplacementFailed', true), false, true],
    ['held', { kind: 'held', failure: { reason: 'DeletionHeld', message: 'held' } }, false, true],
  ])('%s', (_name, verdict, isSettled, hasFailed) => {
    const status = sampleStatus(sampleReport(verdict));
    expect([settled(status), failed(status)]).toEqual([isSettled, hasFailed]);
  });

  it.each<[string, Verdict, Parameters<typeof samplePackages>[0], boolean, boolean]>([
    ['packages in place', { kind: 'ready' }, {}, true, false],
    ['not known, with a cache that serves nothing', { kind: 'ready' }, { profile: 'unknown' }, true, false],
    ['Ready, with packages under way', { kind: 'ready' }, { profile: 'old', progress: 'evaluating' }, false, false],
    [
      'Ready, with packages that stay broken',
      { kind: 'ready' },
      { profile: 'old', failure: { reason: 'PackageNotFound', message: 'no' } },
      false,
      true,
    ],
    [
      'the old container serves with the old packages',
      failing('PackageCollision', true),
      { profile: 'old', failure: { reason: 'PackageCollision', message: 'no' } },
      false,
      true,
    ],
    [
      'packages that stay broken beside something that passes',
      failing('Unhealthy', true),
      { profile: 'old', failure: { reason: 'PackageBuildFailed', message: 'no' } },
      false,
      true,
    ],
    [
      'a fetch that is tried again',
      failing('PackageFetchFailed', true),
      { profile: 'old', failure: { reason: 'PackageFetchFailed', message: 'no' } },
      false,
      false,
    ],
    [
      'a full disk',
      failing('CacheDiskFull'),
      { profile: 'none', failure: { reason: 'CacheDiskFull', message: 'no' } },
      false,
      true,
    ],
    ['a keeper on its way', failing('KeeperNotReady'), { profile: 'unknown' }, false, false],
    ['a migration', failing('CacheMigrating'), { profile: 'none' }, false, false],
    ['a clear', failing('CacheClearing'), { profile: 'none' }, false, false],
    ['an image that is not trusted', failing('ImageNotTrusted'), {}, false, true],
    ['a cache without a spec', failing('CacheMissing'), { profile: 'unknown' }, false, true],
    ['stopped as wanted, with packages that were not asked for', { kind: 'stopped' }, { profile: 'none' }, true, false],
  ])('%s', (_name, verdict, packages, isSettled, hasFailed) => {
    const status = sampleStatus(sampleReport(verdict, { cache: samplePackages(packages) }));
    expect([settled(status), failed(status)]).toEqual([isSettled, hasFailed]);
  });

  it.each([
    ['a person has to bring its image', cacheFailing('ImageMissing'), true],
    ['it cannot be created', cacheFailing('CreateFailed'), true],
    ['a pull is tried again', cacheFailing('ImagePullFailed'), false],
    ['it does not answer yet', cacheFailing('KeeperNotReady'), false],
    ['it is being made', { kind: 'progressing', message: 'creating the keeper' } as const, false],
  ])('a workspace that waits for its keeper: %s', (_name, verdict, hasFailed) => {
    const status = sampleStatus(
      sampleReport(failing('KeeperNotReady'), { cache: samplePackages({ profile: 'unknown' }) }),
    );
    expect(failed(status, sampleCacheStatus(sampleCacheReport(verdict, { keeper: null })))).toBe(hasFailed);
  });
});
