import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import {
  connectKeeper,
  disconnectKeeper,
  doesKeeperAnswer,
  stopKeeper,
  wipeUnheard,
} from '../../../../controller/nix/keeper/keeper-connection.js';
import { container, createBench, createServing, MAIN, wanted } from './keeper-bench.js';

describe('a connection', () => {
  it('is made once for each start of a container', async () => {
    const bench = createBench();
    for (const startedAt of [1, 1, 2]) await connectKeeper(bench.context, container(wanted, { startedAt }), {});
    expect(bench.asked).toHaveLength(2);
    expect(bench.state).toMatchObject({ failure: null, answering: { startedAt: 2, nixVersion: '2.26.3' } });
  });

  it('passes on a fault of those who hear of it', async () => {
    const bench = createBench();
    const fault = new TypeError('a fault');
    const deps = {
      ...bench.deps,
      onUp: () => {
        throw fault;
      },
    };
    await expect(connectKeeper({ deps, state: bench.state }, container(wanted), {})).rejects.toBe(fault);
  });

  it('is cut off once, with the reason', async () => {
    const bench = await createServing();
    const failure = { reason: 'KeeperNotReady', message: 'it went away' } as const;
    disconnectKeeper(bench.context, failure, 'words');
    disconnectKeeper(bench.context, null, 'other words');
    expect(bench.told()).toEqual(['down']);
    expect(bench.state).toMatchObject({ answering: null, failure: null, message: 'other words' });
  });

  it.each([
    ['answers', { lines: [] }, true],
    ['is silent', { exitCode: 1 }, false],
    ['is away', new EngineError('unreachable', 'exec', 'away'), false],
  ])('to a keeper that %s is not made by asking whether it does', async (_what, answer, expected) => {
    const bench = createBench();
    bench.answers.set(`id-${MAIN}`, answer);
    expect(await doesKeeperAnswer(bench.context, container(wanted), {})).toBe(expected);
    expect([bench.told(), bench.state.answering]).toEqual([[], null]);
  });
});

describe('stopping a keeper', () => {
  it('ends its container, with the grace of every stop; the next look starts it again', async () => {
    const bench = await createServing();
    const stopped: unknown[] = [];
    bench.onStop = async (...asked) => void stopped.push(asked);
    await stopKeeper(bench.context, 'the cache was emptied', {});
    expect(stopped).toEqual([[`id-${MAIN}`, 10]]);
    expect([bench.told(), bench.state.message, bench.state.failure]).toEqual([['down'], 'the cache was emptied', null]);
    await stopKeeper(bench.context, 'again', {});
    expect(stopped).toHaveLength(1);
    bench.put(container(wanted, { state: 'exited' }));
    await bench.look();
    expect(bench.done()).toEqual([`start ${MAIN}`]);
  });

  it('cuts it off again when a look in between has met it', async () => {
    const bench = await createServing();
    bench.onStop = async () => void (await bench.look());
    await stopKeeper(bench.context, 'the cache was emptied', {});
    expect(bench.told()).toEqual(['down', `up id-${MAIN} 2.26.3`, 'down']);
    expect([bench.state.answering, bench.state.message]).toEqual([null, 'the cache was emptied']);
  });

  it('does not cut off the one that has started meanwhile', async () => {
    const bench = await createServing();
    bench.onStop = async () => {
      bench.put(container(wanted, { startedAt: 2 }));
      await bench.look();
    };
    await stopKeeper(bench.context, 'the cache was emptied', {});
    expect(bench.told()).toEqual(['down', `up id-${MAIN} 2.26.3`]);
    expect(bench.state.answering?.startedAt).toBe(2);
  });
});

describe('emptying the volume of a keeper that does not answer', () => {
  it('marks it while nothing runs in the container, and ends what has started meanwhile', async () => {
    const bench = createBench();
    bench.put(container(wanted));
    bench.answers.set(`id-${MAIN}`, { exitCode: 1 });
    await bench.look();
    const done: unknown[] = [];
    bench.onStop = async (id) => void done.push(['stop', id]);
    bench.onPut = async (...asked) => void done.push(asked);
    await wipeUnheard(bench.context, {});
    expect(done).toEqual([
      ['stop', `id-${MAIN}`],
      [`id-${MAIN}`, '/nix/var', ['kalpana', 'kalpana/wipe']],
      ['stop', `id-${MAIN}`],
    ]);
  });

  it('is not possible without a container', async () => {
    const bench = createBench();
    await expect(wipeUnheard(bench.context, {})).rejects.toThrow('has no container; nothing was emptied');
  });
});
