import { describe, expect, it } from '@jest/globals';
import { needsSoundStore } from '../../../controller/plan/bare-store.js';
import { assignSlots } from '../../../controller/plan/containers.js';
import { planCleared, planStopped } from '../../../controller/plan/stopped.js';
import type { CacheObservation } from '../../../controller/plan/types.js';
import { alice, cacheObservation, container, inputOf, INSTANCE, next, textOf } from './samples.js';

const desired = alice({ packages: ['hello'] });
const main = container(desired);
const exited = container(desired, { state: 'exited' });
const bare = container(desired, {
  mounts: [{ type: 'volume', source: 'kalpana-nix-store', target: '/nix/store', readOnly: true }],
});
const slotsOf = (...containers: ReturnType<typeof container>[]) => assignSlots('alice', INSTANCE, containers);
const BARE =
  'remove container workspace-alice  # a container of the replaced system, on its bare store; state: Stopped\n';

describe('a workspace that is to be stopped', () => {
  it.each<[string, ReturnType<typeof slotsOf>, string]>([
    ['has no container', slotsOf(), '= stopped\n'],
    ['has stopped', slotsOf(exited), '= stopped\n'],
    ['runs', slotsOf(main), 'stop workspace-alice  # state: Stopped\n'],
    [
      'is being replaced',
      slotsOf(exited, next(desired)),
      'remove container workspace-alice.next  # the replacement is not needed while stopped\n',
    ],
    [
      'has its replacement alone',
      slotsOf(next(desired)),
      'stop workspace-alice.next  # state: Stopped\nrename workspace-alice.next to workspace-alice  # finish the replacement\n',
    ],
    ['is on the bare store', slotsOf(bare), `stop workspace-alice  # state: Stopped\n${BARE}`],
  ])('%s', (_what, slots, text) => expect(textOf(planStopped(slots, 'alice'))).toBe(text));

  it('while its cache is emptied', () =>
    expect(textOf(planCleared(slotsOf(main, next(desired, { state: 'exited' })), null))).toBe(
      'stop workspace-alice  # the cache is being emptied\n= CacheClearing: the cache is being emptied\n',
    ));
});

describe('a container of the replaced system goes before its successor is ready', () => {
  const failure = { reason: 'PackageNotFound', message: 'no such package' } as const;
  it.each<[string, Partial<CacheObservation> | null, typeof failure | null, boolean]>([
    ['for an image with a store of its own', { migration: 'due', image: 'own' }, null, true],
    ['when the successor failed for want of packages', { migration: 'due' }, failure, true],
    ['not while the successor may come up without', { migration: 'due' }, null, false],
    ['not when somebody else holds the volume', { migration: 'held', image: 'own' }, failure, false],
    ['not without a cache', null, failure, false],
  ])('%s', (_when, cache, failed, expected) => {
    const world = { cache: cache === null ? null : cacheObservation(cache) };
    expect(needsSoundStore(inputOf({ desired, world }), failed)).toBe(expected);
  });
});
