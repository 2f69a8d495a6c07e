import { describe, expect, it } from '@jest/globals';
import { planContext } from '../../../controller/plan/context.js';
import { act, emptyPlan } from '../../../controller/plan/steps.js';
import type { CacheObservation, Operation, Plan } from '../../../controller/plan/types.js';
import { withPackages } from '../../../controller/plan/with-packages.js';
import { alice, cacheObservation, container, inputOf, textOf } from './samples.js';

const desired = alice({ packages: ['hello', 'tool'] });
const up = container(desired);
const restart: Operation = { type: 'start-container', container: { name: up.name, id: up.id }, cause: 'a test' };
const ready = emptyPlan({ kind: 'ready' });
const old = { profile: 'old', profilePackages: ['hello'] } as const;
const failure = { reason: 'PackageNotFound', message: 'tool is unknown' } as const;
const ASK = 'realise environment of alice in cache default (hello, tool)  # packages: + tool\n';

const planned = (cache: Partial<CacheObservation>, plan: Plan, wanted = desired, containers = [up]): string =>
  textOf(
    withPackages(
      planContext(inputOf({ desired: wanted, containers, world: { cache: cacheObservation(cache) } })),
      plan,
    ),
  );

describe('the packages of a container that stays', () => {
  it.each<[string, Parameters<typeof planned>, string]>([
    ['are left alone while they are as wanted', [{}, ready], '= ready\n'],
    [
      'are asked for beside a container that runs, and nothing waits',
      [old, ready],
      `${ASK}wait until the packages of alice are in place  # nothing starts before its packages are there\n`,
    ],
    [
      'are asked for before a restart on the old ones',
      [old, act([restart], [])],
      `${ASK}start workspace-alice  # a test\n`,
    ],
    [
      'make a ready workspace fail when they cannot be had',
      [{ ...old, failure, retryMs: 9 }, ready],
      '= PackageNotFound: tool is unknown (serving), again after 9 ms\n',
    ],
    ['do not hide another failure', [{ ...old, failure }, emptyPlan({ kind: 'stopped' })], '= stopped\n'],
    ['wait while the cache is emptied', [{ ...old, mustStop: true }, ready], '= ready\n'],
    ['wait while the workspace is stopped', [old, ready, { ...desired, state: 'Stopped' }], '= ready\n'],
    ['belong to the creation when there is no container', [old, ready, desired, []], '= ready\n'],
  ])('%s', (_what, given, text) => expect(planned(...given)).toBe(text));

  it('are not waited for: the container runs already', () => {
    const context = planContext(inputOf({ desired, containers: [up], world: { cache: cacheObservation(old) } }));
    expect(withPackages(context, ready).operations.at(-1)).toMatchObject({ type: 'await-environment', waitMs: 0 });
  });
});
