import { describe, expect, it } from '@jest/globals';
import { EngineError, type CallOptions } from '../../../../controller/docker/port.js';
import { FailureError } from '../../../../controller/model/reasons.js';
import { RootAtRiskError } from '../../../../controller/nix/gc/collect.js';
import type { GcState } from '../../../../controller/nix/gc/machine.js';
import { runGc } from '../../../../controller/nix/gc/run.js';
import type { GcStep } from '../../../../controller/nix/gc/steps.js';
import { createManualClock } from '../../../support/manual-clock.js';

const NORMAL = 'listing restoring linking preparing gating freezing scanning expiring collecting';

type Step = (calls: CallOptions, clock: ReturnType<typeof createManualClock>) => void | Promise<void>;

/** A run whose steps do nothing, but for these; the deadline is a minute. */
async function run(steps: Partial<Record<GcStep, Step>> = {}, { dryRun = false, calls = {} as CallOptions } = {}) {
  const clock = createManualClock(0);
  const told: string[] = [];
  const times = new Map<GcState, number>();
  let isOpen = false;
  const work = {
    async step(state: GcStep, options: CallOptions) {
      told.push(state);
      await steps[state]?.(options, clock);
    },
    openGate: () => void (isOpen = true),
    findings: () => {
      throw new Error('the run has no use for them');
    },
  };
  const end = await runGc(work, dryRun, {
    clock,
    cache: 'team',
    deadlineMs: 60_000,
    onStep: (state, seconds) => void times.set(state, seconds),
    calls,
  }).catch((error: unknown) => error);
  return { end, told: told.join(' '), times, isOpen };
}

const throwing = (error: Error) => () => {
  throw error;
};
const FAILURE = { reason: 'GcBusy', message: 'another one collects' } as const;
const FAILED = throwing(new FailureError(FAILURE));
const AWAY = throwing(new EngineError('unreachable', 'exec', 'connection refused'));

describe('a collection', () => {
  it.each<{ what: string; steps: Partial<Record<GcStep, Step>>; dryRun?: boolean; path: string; result: string }>([
    { what: 'that goes well', steps: {}, path: `${NORMAL} verifying releasing`, result: 'success' },
    {
      what: 'of a dry run expires nothing',
      steps: {},
      dryRun: true,
      path: NORMAL.replace(' expiring', '') + ' releasing',
      result: 'success',
    },
    {
      what: 'that fails early',
      steps: { linking: FAILED },
      path: 'listing restoring linking aborting',
      result: 'aborted',
    },
    {
      what: 'that would delete what is in use',
      steps: { collecting: throwing(new RootAtRiskError({ reason: 'RootAtRisk', message: 'a link is in use' })) },
      path: `${NORMAL} aborting`,
      result: 'aborted',
    },
    {
      what: 'that fails while it deletes',
      steps: { collecting: FAILED },
      path: `${NORMAL} mending failing`,
      result: 'failed',
    },
    {
      what: 'whose end fails',
      steps: { releasing: FAILED },
      path: `${NORMAL} verifying releasing`,
      result: 'failed',
    },
  ])('$what goes $path', async ({ steps, dryRun = false, path, result }) => {
    const { end, told, isOpen } = await run(steps, { dryRun });
    expect([told, end]).toEqual([path, expect.objectContaining({ result })]);
    expect(isOpen).toBe(true);
  });

  it('tells how long each step took', async () => {
    const { times } = await run({ freezing: (_calls, clock) => clock.advance(1_500) });
    expect([times.get('freezing'), times.get('scanning')]).toEqual([1.5, 0]);
  });
});

describe('what a collection failed for', () => {
  it('is the first failure, not those that follow', async () => {
    const { end } = await run({ linking: FAILED, aborting: AWAY });
    expect(end).toEqual({ result: 'aborted', failure: FAILURE });
  });

  it.each<{ error: Error; reason: string; message: string }>([
    {
      error: new EngineError('unreachable', 'exec', 'connection refused'),
      reason: 'EngineUnreachable',
      message: 'the engine went away during linking: connection refused',
    },
    {
      error: new EngineError('server', 'exec', 'no such exec'),
      reason: 'KeeperNotReady',
      message: 'linking failed: no such exec',
    },
    { error: new TypeError('x is undefined'), reason: 'ControllerFault', message: 'linking failed: x is undefined' },
  ])('is told as $reason', async ({ error, reason, message }) => {
    const { end } = await run({ linking: throwing(error) });
    expect(end).toEqual({ result: 'aborted', failure: { reason, message } });
  });
});

describe('the deadline of a collection', () => {
  /** A step that ends with its calls. */
  const hanging: Step = (calls, clock) => {
    clock.advance(60_000);
    calls.signal?.throwIfAborted();
  };

  it('ends a step that takes too long, and is what is told', async () => {
    const { end, told } = await run({ freezing: hanging });
    expect(told).toBe('listing restoring linking preparing gating freezing aborting');
    expect(end).toEqual({
      result: 'aborted',
      failure: {
        reason: 'GcDeadline',
        message: 'the collection of the cache team was not through with freezing after 60 s',
      },
    });
  });

  it('does not bound what mends and ends a run', async () => {
    const isOver: boolean[] = [];
    const note: Step = (calls) => void isOver.push(calls.signal?.aborted ?? false);
    const { end, told } = await run({ collecting: hanging, mending: note, failing: note });
    expect([told, isOver]).toEqual([`${NORMAL} mending failing`, [false, false]]);
    expect(end).toMatchObject({ result: 'failed', failure: { reason: 'GcDeadline' } });
  });
});

describe('the end of the controller', () => {
  it('leaves the run as it is: the next one begins anew', async () => {
    const stop = new AbortController();
    const reason = new Error('the controller ends');
    const { end, told, isOpen } = await run(
      {
        linking: () => {
          stop.abort(reason);
          throw new EngineError('aborted', 'exec', 'aborted');
        },
      },
      { calls: { signal: stop.signal } },
    );
    expect([end, told, isOpen]).toEqual([reason, 'listing restoring linking', true]);
  });
});
