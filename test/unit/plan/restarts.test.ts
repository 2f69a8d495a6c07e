import { describe, expect, it } from '@jest/globals';
import { rememberFailure, rememberObserved, rememberOperation, rememberPlan } from '../../../controller/plan/memory.js';
import { countStart, restartDelay } from '../../../controller/plan/restarts.js';
import { NO_MEMORY } from '../../../controller/plan/types.js';
import { alice, container, next, NOW } from './samples.js';

const down = container(alice(), { state: 'exited', details: { startedAt: NOW - 50, finishedAt: NOW } });
const longLived = container(alice(), { state: 'exited', details: { startedAt: NOW - 60_000, finishedAt: NOW } });
const failed = { specHash: 'v1:x', failure: { reason: 'StartFailed', message: 'no' } } as const;

/** When the run of the samples' containers began. */
const BEGAN = NOW - 600_000;

describe('starts of a container that does not stay up', () => {
  it.each([
    ['the first', down, null, 0],
    ['the second', down, 1, 0],
    ['the third', down, 2, 0],
    ['the fourth', down, 3, 1_000],
    ['the fifth', down, 4, 2_000],
    ['the twentieth', down, 19, 300_000],
    ['one after a long life', longLived, 19, 0],
  ])('%s waits', (_which, container, count, ms) => {
    expect(restartDelay(container, count === null ? null : { count, lastAt: NOW }, NOW)).toBe(ms);
  });

  it.each([
    ['first', null, 1],
    ['soon after another', { count: 2, lastAt: NOW - 1_000 }, 3],
    ['after a run that lasted', { count: 2, lastAt: NOW - 31_000 }, 1],
    ['after the longest wait', { count: 19, lastAt: NOW - 301_000 }, 20],
  ])('a start %s counts', (_when, before, count) => expect(countStart(before, NOW)).toEqual({ count, lastAt: NOW }));
});

describe('the memory', () => {
  const start = (name: string) => ({ type: 'start-container', container: { name, id: null }, cause: '' }) as const;
  const create = {
    type: 'create-container',
    container: 'workspace-alice.next',
    definition: {} as never,
    cause: '',
  } as const;

  it.each([
    [
      'a start of the container',
      rememberOperation(NO_MEMORY, 'alice', 'h', start('workspace-alice'), NOW),
      { starts: { count: 1, lastAt: NOW } },
    ],
    [
      'a start of the replacement',
      rememberOperation(NO_MEMORY, 'alice', 'h', start('workspace-alice.next'), NOW),
      { nextStarts: { specHash: 'h', count: 1 } },
    ],
    [
      'a second one',
      rememberOperation(
        { ...NO_MEMORY, nextStarts: { specHash: 'h', count: 1 } },
        'alice',
        'h',
        start('workspace-alice.next'),
        NOW,
      ),
      { nextStarts: { specHash: 'h', count: 2 } },
    ],
    [
      'one of another spec',
      rememberOperation(
        { ...NO_MEMORY, nextStarts: { specHash: 'g', count: 5 } },
        'alice',
        'h',
        start('workspace-alice.next'),
        NOW,
      ),
      { nextStarts: { specHash: 'h', count: 1 } },
    ],
    ['a creation that failed', rememberFailure(NO_MEMORY, 'h', create), { blocked: 'h' }],
    ['a start that failed', rememberFailure(NO_MEMORY, 'h', start('workspace-alice')), {}],
    ['a creation after that', rememberOperation({ ...NO_MEMORY, blocked: 'h' }, 'alice', 'h', create, NOW), {}],
    [
      'a replacement that runs',
      rememberObserved(NO_MEMORY, 'alice', [next(alice())], NOW),
      { nextRunningSince: NOW, nextRun: BEGAN },
    ],
    [
      'one that runs on',
      rememberObserved({ ...NO_MEMORY, nextRunningSince: 5 }, 'alice', [next(alice())], NOW),
      { nextRunningSince: 5, nextRun: BEGAN },
    ],
    [
      'one that the engine has started anew since',
      rememberObserved({ ...NO_MEMORY, nextRunningSince: 5, nextRun: BEGAN - 1 }, 'alice', [next(alice())], NOW),
      { nextRunningSince: NOW, nextRun: BEGAN },
    ],
    [
      'one that was not inspected this time',
      rememberObserved(
        { ...NO_MEMORY, nextRunningSince: 5, nextRun: BEGAN },
        'alice',
        [next(alice(), { details: null })],
        NOW,
      ),
      { nextRunningSince: 5, nextRun: BEGAN },
    ],
    [
      'one that ended',
      rememberObserved({ ...NO_MEMORY, nextRunningSince: 5 }, 'alice', [next(alice(), { state: 'exited' })], NOW),
      {},
    ],
    [
      'a plan that gives up',
      rememberPlan(NO_MEMORY, {
        operations: [],
        verdict: { kind: 'ready' },
        recheckAfterMs: null,
        giveUp: failed,
        ports: [],
      }),
      { failed },
    ],
  ])('of %s', (_what, memory, difference) => expect(memory).toEqual({ ...NO_MEMORY, ...difference }));
});
