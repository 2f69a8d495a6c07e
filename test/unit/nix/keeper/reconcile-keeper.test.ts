import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import { reconcileKeeper } from '../../../../controller/nix/keeper/reconcile-keeper.js';
import { cache, user, VOLUME } from '../samples.js';
import { container, CREATE, createBench, createServing, MAIN, NEXT, old, PULL, wanted } from './keeper-bench.js';

describe('a keeper', () => {
  it('is made, and asked when it runs; once for each start', async () => {
    const bench = createBench();
    expect(await bench.look()).toEqual({ operations: 2, failure: null, recheckMs: 0 });
    expect(bench.done()).toEqual(CREATE);
    expect(bench.state).toMatchObject({ answering: null, message: 'the cache has no keeper' });
    bench.put(container(wanted));
    expect(await bench.look()).toEqual({ operations: 0, failure: null, recheckMs: null });
    await bench.look();
    expect(bench.told()).toEqual([`up id-${MAIN} 2.26.3`]);
    expect(bench.asked).toEqual([`id-${MAIN}`]);
    expect(bench.state.answering).toMatchObject({ id: `id-${MAIN}`, startedAt: 1, nixVersion: '2.26.3' });
    bench.put(container(wanted, { startedAt: 2 }));
    await bench.look();
    expect(bench.told()).toEqual([`up id-${MAIN} 2.26.3`]);
  });

  it('whose volume is gone is cut off from its users only by what touches its container', async () => {
    const bench = await createServing();
    bench.volumes.clear();
    bench.containers.clear();
    await bench.look();
    expect(bench.done()).toEqual([`create volume ${VOLUME.name}`, ...CREATE]);
    expect(bench.told()).toEqual(['down']);
  });

  it('that was killed is started again, and is not to be asked meanwhile', async () => {
    const bench = await createServing();
    bench.put(container(wanted, { state: 'exited' }));
    await bench.look();
    expect(bench.done()).toEqual([`start ${MAIN}`]);
    expect(bench.told()).toEqual(['down']);
    expect([bench.state.answering, bench.state.failure]).toEqual([null, null]);
    expect(bench.state.message).toBe('keeper: exited -> running');
  });

  it('that ends again and again is left alone for longer and longer, with its last words as the failure', async () => {
    const bench = createBench();
    bench.put(container(wanted, { state: 'exited' }));
    bench.said = 'kalpana-keeper: there is no nix in the image';
    await bench.look();
    await bench.look();
    expect(bench.done()).toHaveLength(2);
    const failure = {
      reason: 'KeeperNotReady',
      message: `the keeper ${MAIN} ends soon after its start: there is no nix in the image`,
    };
    expect(await bench.look()).toEqual({ operations: 0, failure, recheckMs: 1_000 });
    expect(bench.state).toMatchObject({ answering: null, failure });
    bench.clock.advance(1_000);
    await bench.look();
    expect(bench.done()).toEqual([`start ${MAIN}`]);
  });

  it.each([
    [
      'silent',
      { lines: ['error: cannot connect'], exitCode: 1 },
      'the Nix daemon does not answer: error: cannot connect: its last words',
    ],
    [
      'gone under the question',
      new EngineError('conflict', 'exec', 'it is not running'),
      'the keeper of the cache team went away: it is not running: its last words',
    ],
  ])('whose daemon is %s has failed, and is asked again', async (_what, answer, message) => {
    const bench = createBench();
    bench.put(container(wanted));
    bench.said = 'its last words';
    bench.answers.set(`id-${MAIN}`, answer);
    const failure = { reason: 'KeeperNotReady', message };
    expect(await bench.look()).toEqual({ operations: 0, failure, recheckMs: null });
    expect([bench.state.failure, bench.told()]).toEqual([failure, []]);
    bench.answers.clear();
    await bench.look();
    expect([bench.state.failure, bench.told()]).toEqual([null, [`up id-${MAIN} 2.26.3`]]);
  });

  it('of an operation that fails tells that, and is tried anew by the next look', async () => {
    const bench = createBench();
    bench.failure = { reason: 'EngineError', message: 'the engine refuses' };
    const failure = { reason: 'KeeperNotReady', message: 'the engine refuses' };
    expect(await bench.look()).toEqual({ operations: 2, failure, recheckMs: null });
    expect(bench.state.failure).toEqual(failure);
    bench.done();
    await bench.look();
    expect(bench.done()).toEqual(CREATE);
  });

  it('passes on that the engine does not tell, and changes nothing', async () => {
    const bench = await createServing();
    const away = new EngineError('unreachable', 'inspectContainer', 'away');
    const inspect = bench.containers.get.bind(bench.containers);
    bench.containers.get = () => {
      throw away;
    };
    await expect(reconcileKeeper(bench.context, wanted, {})).rejects.toBe(away);
    bench.containers.get = inspect;
    expect(bench.state.answering).not.toBeNull();
    expect([bench.told(), bench.done()]).toEqual([[], []]);
  });

  it('that nothing names any more is asked as long as somebody mounts its volume, and then not', async () => {
    const bench = await createServing();
    bench.put(user('somebody'));
    expect(await bench.look(null)).toEqual({ operations: 0, failure: null, recheckMs: null });
    expect(bench.state.answering).not.toBeNull();
    bench.containers.delete('somebody');
    await bench.look(null);
    expect(bench.done()).toEqual([`remove container ${MAIN}`]);
    bench.containers.clear();
    await bench.look(null);
    expect([bench.state.message, bench.state.failure]).toEqual(['nothing names the cache', null]);
  });
});

describe('the image of a keeper', () => {
  const missing: Failure = { reason: 'ImageMissing', message: 'no such image' };

  it('is pulled after a creation has found it absent, and not again', async () => {
    const bench = createBench();
    bench.failure = missing;
    expect(await bench.look()).toEqual({ operations: 2, failure: null, recheckMs: 0 });
    expect([bench.done(), bench.state.failure]).toEqual([CREATE, null]);
    bench.failure = null;
    await bench.look();
    expect(bench.done()).toEqual([PULL, ...CREATE]);
    await bench.look();
    expect(bench.done()).toEqual(CREATE);
  });

  it.each<[string, Failure]>([
    ['the pull fails', { reason: 'ImagePullFailed', message: 'no such name' }],
    ['the image is gone again after its pull', missing],
  ])('%s: the keeper has failed, and its image is looked for on the engine first', async (_what, failure) => {
    const bench = createBench();
    bench.failure = missing;
    await bench.look();
    bench.failure = failure;
    expect(await bench.look()).toMatchObject({
      failure: { reason: 'KeeperNotReady', message: failure.message },
      recheckMs: null,
    });
    bench.done();
    await bench.look();
    expect(bench.done()).toEqual(CREATE);
  });

  it('that brings a store of its own is put into the volume before the start; one that serves is not looked into', async () => {
    const bench = createBench();
    bench.imageId = 'abc';
    bench.put(container(wanted, { state: 'exited' }));
    await bench.look();
    expect(bench.done()).toEqual([
      `create container ${MAIN}.seed from kalpana/nix-keeper:latest`,
      `start ${MAIN}.seed`,
    ]);
    bench.put(container(wanted));
    await bench.look();
    expect([bench.lookedInto, bench.done()]).toEqual([1, []]);
  });
});

describe('a changed keeper', () => {
  it('is made beside the old one, asked, and takes its place', async () => {
    const bench = await createServing(old);
    await bench.look();
    expect(bench.done()).toEqual([
      `create container ${NEXT} from kalpana/nix-keeper:latest`,
      `stop ${MAIN}`,
      `start ${NEXT}`,
    ]);
    expect(bench.told()).toEqual(['down']);
    bench.put(container(old, { state: 'exited' }), container(wanted, { name: NEXT }));
    bench.answers.set(`id-${NEXT}`, { exitCode: 1 });
    expect(await bench.look()).toEqual({ operations: 0, failure: null, recheckMs: 1_000 });
    expect([bench.done(), bench.state.message]).toEqual([[], 'it is not up yet']);
    bench.answers.clear();
    await bench.look();
    expect(bench.done()).toEqual([`remove container ${MAIN}`, `rename ${NEXT} to ${MAIN}`]);
    expect(bench.told()).toEqual([]);
    bench.containers.clear();
    bench.put(container(wanted, { id: `id-${NEXT}` }));
    await bench.look();
    expect(bench.told()).toEqual([`up id-${NEXT} 2.26.3`]);
  });

  it('that only lacks its name serves on while it is renamed', async () => {
    const bench = await createServing();
    bench.containers.clear();
    bench.put(container(wanted, { name: NEXT, id: `id-${MAIN}` }));
    await bench.look();
    expect(bench.done()).toEqual([`rename ${NEXT} to ${MAIN}`]);
    expect(bench.told()).toEqual([]);
    expect(bench.state.answering).not.toBeNull();
  });

  it('that does not come up is given up with its last words; the old one serves on until the spec changes', async () => {
    const bench = createBench();
    bench.put(container(old, { state: 'exited' }), container(wanted, { name: NEXT, state: 'exited' }));
    bench.said = 'kalpana-keeper: there is no nix in the image';
    expect(await bench.look()).toMatchObject({ operations: 0, recheckMs: 0 });
    await bench.look();
    expect(bench.done()).toEqual([`remove container ${NEXT}`, `start ${MAIN}`]);
    bench.containers.clear();
    bench.put(container(old));
    const failure = {
      reason: 'KeeperNotReady',
      message: 'the changed keeper of the cache team does not come up: there is no nix in the image',
    };
    expect(await bench.look()).toEqual({ operations: 0, failure, recheckMs: null });
    expect(bench.state.failure).toEqual(failure);
    expect(bench.state.answering).not.toBeNull();
    await bench.look(cache({ image: 'kalpana/nix-keeper:mended' }));
    expect(bench.done()[0]).toBe(`create container ${NEXT} from kalpana/nix-keeper:mended`);
  });
});
