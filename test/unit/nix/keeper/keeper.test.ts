import { describe, expect, it } from '@jest/globals';
import type { ObservedContainer } from '../../../../controller/model/engine-objects.js';
import { createKeeper } from '../../../../controller/nix/keeper/keeper.js';
import { container, createBench, MAIN, wanted } from './keeper-bench.js';

describe('a keeper', () => {
  it('that nobody has looked at says so', () => {
    const keeper = createKeeper(createBench().deps);
    expect(keeper.unavailable()).toEqual({
      reason: 'KeeperNotReady',
      message: 'the keeper of the cache team is not ready: it has not been looked at yet',
    });
    expect([keeper.commands(), keeper.failure(), keeper.view()]).toEqual([null, null, null]);
  });

  it('that has answered can be asked, and shows what it is', async () => {
    const bench = createBench();
    const keeper = createKeeper(bench.deps);
    bench.put(container(wanted));
    await keeper.reconcile(wanted, {});
    expect([keeper.unavailable(), keeper.failure(), keeper.commands()?.keeperId]).toEqual([null, null, `id-${MAIN}`]);
    expect(keeper.view()).toEqual({
      id: `id-${MAIN}`,
      image: 'kalpana/nix-keeper:latest',
      state: 'running',
      nixVersion: '2.26.3',
    });
    await keeper.stop('the cache was emptied', {});
    expect([keeper.message(), keeper.commands(), keeper.view()?.nixVersion]).toEqual([
      'the cache was emptied',
      null,
      null,
    ]);
  });

  it('that has failed says why to those who want to ask it', async () => {
    const bench = createBench();
    const keeper = createKeeper(bench.deps);
    bench.failure = { reason: 'EngineError', message: 'the engine refuses' };
    await keeper.reconcile(wanted, {});
    expect(keeper.unavailable()).toEqual({ reason: 'KeeperNotReady', message: 'the engine refuses' });
  });
});

describe('what is known of a keeper', () => {
  it('for a plan changes nothing on the engine, and asks one that runs', async () => {
    const bench = createBench();
    const keeper = createKeeper(bench.deps);
    const made = await keeper.foresee(wanted, {});
    expect(made.operations.map(({ type }) => type)).toEqual(['create-container', 'start-container']);
    bench.put(container(wanted));
    expect((await keeper.foresee(wanted, {})).operations).toEqual([]);
    expect([bench.done(), bench.told()]).toEqual([[], [`up id-${MAIN} 2.26.3`]]);
  });

  it.each<[string, ObservedContainer | undefined, boolean]>([
    ['the same container', container(wanted), false],
    ['the same one, which has ended', container(wanted, { state: 'exited' }), true],
    ['another one', container(wanted, { id: 'id-other' }), true],
    ['none', undefined, true],
  ])('has moved when a list shows %s', async (_what, listed, hasMoved) => {
    const bench = createBench();
    const keeper = createKeeper(bench.deps);
    bench.put(container(wanted));
    await keeper.reconcile(wanted, {});
    expect(keeper.hasMoved(listed)).toBe(hasMoved);
  });

  it('has moved when none has answered', () =>
    expect(createKeeper(createBench().deps).hasMoved(container(wanted))).toBe(true));
});
