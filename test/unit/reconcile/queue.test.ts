import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createBackoff } from '../../../controller/reconcile/backoff.js';
import { createQueue, type WorkQueue } from '../../../controller/reconcile/queue.js';
import { startWorkers } from '../../../controller/reconcile/workers.js';
import { createRandom } from '../../support/sim/random.js';
import { createSimClock } from '../../support/sim/clock.js';

type Step = (queue: WorkQueue) => void;
const add =
  (key: string, trigger = 't', observed = false): Step =>
  (queue) =>
    queue.add(key, trigger, observed);
const after =
  (key: string, ms: number): Step =>
  (queue) =>
    queue.addAfter(key, 'later', ms);

/** What one taker gets within ten seconds, finishing each key as it comes. */
async function served(steps: readonly Step[]): Promise<string[]> {
  const clock = createSimClock();
  const queue = createQueue(clock);
  const start = clock.now();
  const got: string[] = [];
  void startWorkers(
    1,
    queue,
    async ({ key, trigger, observed }) =>
      void got.push(`${key} ${trigger}${observed ? ' observed' : ''} @${clock.now() - start}`),
    () => {},
  );
  queue.hold(true);
  for (const step of steps) step(queue);
  queue.hold(false);
  await clock.run(10_000);
  queue.close();
  return got;
}

describe('the queue', () => {
  it.each([
    ['gives keys in their order', [add('b'), add('a')], ['b t @0', 'a t @0']],
    ['lets a key wait once', [add('a', 'x'), add('b'), add('a', 'y')], ['a x+y @0', 'b t @0']],
    ['looks at the engine when one of the askers has not', [add('a', 'x', true), add('a', 'y', false)], ['a x+y @0']],
    ['does not when all have', [add('a', 'x', true), add('a', 'y', true)], ['a x+y observed @0']],
    ['gives a delayed key when it is due', [after('a', 500)], ['a later @500']],
    ['keeps the earlier of two delays', [after('a', 500), after('a', 900)], ['a later @500']],
    ['brings a delay forward', [after('a', 500), after('a', 200)], ['a later @200']],
    ['forgets a delay', [after('a', 500), (queue) => queue.cancelDelay('a')], []],
    ['keeps a delay beside an add', [after('a', 500), add('a')], ['a t @0', 'a later @500']],
    ['gives nothing once it is closed', [add('a'), (queue) => queue.close(), add('b'), after('c', 1)], []],
    [
      'gives nothing while it is held',
      [add('a'), (queue) => queue.hold(true), after('b', 1), (queue) => void queue.addAfter('free', 'later', 5)],
      ['a t @0', 'b later @1', 'free later @5'],
    ],
  ] satisfies [string, Step[], string[]][])('%s', async (_what, steps, got) =>
    expect(await served(steps)).toEqual(got),
  );

  it('knows what is busy', async () => {
    const queue = createQueue(createSimClock());
    queue.add('waiting', 't');
    queue.addAfter('delayed', 't', 5);
    expect(['waiting', 'delayed', 'other'].map((key) => queue.isBusy(key))).toEqual([true, true, false]);
    const item = await queue.take();
    expect([item?.key, queue.isBusy('waiting'), queue.size()]).toEqual([
      'waiting',
      true,
      { waiting: 0, active: 1, delayed: 1 },
    ]);
    queue.add('waiting', 'again');
    queue.done('waiting');
    expect((await queue.take())?.trigger).toBe('again');
  });
});

describe('law 8', () => {
  it('a key is never worked on twice at once, no more than so many keys are, and the last word is always heard', async () => {
    const adds = fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        at: fc.integer({ min: 0, max: 200 }),
        delay: fc.option(fc.integer({ min: 0, max: 60 })),
      }),
      { maxLength: 60 },
    );
    const property = fc.asyncProperty(
      adds,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 1e6 }),
      async (asked, workers, seed) => {
        const clock = createSimClock();
        const queue = createQueue(clock);
        const random = createRandom(seed);
        const active = new Set<string>();
        const begun = new Map<string, number>();
        const lastAsked = new Map<string, number>();
        const work = async ({ key }: { readonly key: string }) => {
          expect(active.has(key)).toBe(false);
          active.add(key);
          expect(active.size).toBeLessThanOrEqual(workers);
          begun.set(key, clock.now());
          await new Promise<void>((resolve) => void clock.after(Math.floor(random() * 40), resolve));
          active.delete(key);
          if (random() < 0.1) throw new Error('a fault');
        };
        const running = startWorkers(workers, queue, work, () => {});
        for (const { key, at, delay } of asked) {
          clock.after(at, () => {
            lastAsked.set(key, Math.max(lastAsked.get(key) ?? 0, clock.now()));
            if (delay === null) queue.add(key, 't');
            else queue.addAfter(key, 't', delay);
          });
        }
        await clock.run(5_000);
        for (const [key, at] of lastAsked) expect(begun.get(key)).toBeGreaterThanOrEqual(at);
        expect(queue.size()).toEqual({ waiting: 0, active: 0, delayed: 0 });
        queue.close();
        await running;
      },
    );
    await fc.assert(property, { numRuns: 100, seed: 8 });
  });

  it.each([
    ['grows with each failure', 0.999999, [500, 1_000, 2_000, 4_000]],
    ['is at least half of that', 0, [250, 500, 1_000, 2_000]],
  ])('backoff %s', (_what, random, delays) => {
    const backoff = createBackoff({ firstMs: 500, longestMs: 300_000, random: () => random });
    expect(delays.map(() => backoff.next('a'))).toEqual(delays);
  });

  it('backoff is capped, per key, and reset by success', () => {
    const backoff = createBackoff({ firstMs: 500, longestMs: 300_000, random: () => 0.999999 });
    for (let at = 0; at < 2_000; at += 1) expect(backoff.next('a')).toBeLessThanOrEqual(300_000);
    expect([backoff.next('a'), backoff.next('b'), backoff.failures('b')]).toEqual([300_000, 500, 1]);
    backoff.reset('a');
    expect([backoff.failures('a'), backoff.next('a')]).toEqual([0, 500]);
  });
});
