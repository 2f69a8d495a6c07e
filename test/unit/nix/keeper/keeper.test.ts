import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { DesiredCache } from '../../../../controller/model/desired.js';
import type { ObservedContainer, ObservedVolume } from '../../../../controller/model/engine-objects.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import { createKeeper } from '../../../../controller/nix/keeper/keeper.js';
import { renderOperation } from '../../../../controller/plan/render.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { execBy, portOf } from '../fake-port.js';
import { cache, keeper as keeperOf, user, VOLUME } from '../samples.js';

const MAIN = 'kalpana-nix-keeper-team';
const NEXT = `${MAIN}.next`;
const UP = { lines: ['kalpana: version 2.26.3'] };
const wanted = cache();
const old = cache({ image: 'kalpana/nix-keeper:old' });

/** The container `name`, made from `desired`, of a start at `startedAt`. */
function container(
  desired: DesiredCache,
  { name = MAIN, startedAt = 1, ...change }: Partial<ObservedContainer> & { readonly startedAt?: number } = {},
): ObservedContainer {
  const details = {
    startedAt,
    finishedAt: null,
    exitCode: 0,
    oomKilled: false,
    error: '',
    restartCount: 0,
    limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    restartPolicy: 'unless-stopped',
  };
  return keeperOf(desired, { id: `id-${name}`, name, details, ...change });
}

/** A keeper on an engine whose containers the test puts there, and whose operations it looks at. */
function createBench() {
  const clock = createManualClock();
  const containers = new Map<string, ObservedContainer>();
  const operations: string[] = [];
  const news: string[] = [];
  const bench = {
    /** Inventories by the container's id: lines and exit code, or what the engine throws. */
    answers: new Map<string, { readonly lines?: readonly string[]; readonly exitCode?: number } | EngineError>(),
    failure: null as Failure | null,
    said: '',
    asked: [] as string[],
    imageId: null as string | null,
    lookedInto: 0,
    onStop: async (_id: string, _graceSeconds: number): Promise<void> => undefined,
  };
  const docker = portOf({
    inspectContainer: async (name) => containers.get(name) ?? null,
    listContainers: async () => [...containers.values()],
    tailContainer: async () => bench.said,
    stopContainer: (id, graceSeconds) => bench.onStop(id, graceSeconds),
    async exec(id, request, options) {
      bench.asked.push(id);
      const answer = bench.answers.get(id) ?? UP;
      if (answer instanceof EngineError) throw answer;
      return execBy(() => answer).exec(id, request, options);
    },
  });
  const volumes = new Map<string, ObservedVolume>([[VOLUME.name, VOLUME]]);
  const keeper = createKeeper({
    cache: 'team',
    docker,
    clock,
    instance: 'default',
    view: { volumes },
    async execute(_key, planned) {
      operations.push(...planned.map((operation) => renderOperation(operation).replace(/ {2}# .*/, '')));
      return { failure: bench.failure };
    },
    async imageWithStore() {
      bench.lookedInto += 1;
      return bench.imageId;
    },
    onUp: ({ keeperId }, { nixVersion }) => void news.push(`up ${keeperId} ${nixVersion}`),
    onDown: () => void news.push('down'),
  });
  return Object.assign(bench, {
    clock,
    containers,
    volumes,
    keeper,
    put: (...given: readonly ObservedContainer[]) => given.forEach((one) => containers.set(one.name, one)),
    look: (desired: DesiredCache | null = wanted) => keeper.reconcile(desired, {}),
    /** The operations since the last call. */
    done: () => operations.splice(0),
    /** What the cache was told since the last call. */
    told: () => news.splice(0),
  });
}

/** A bench whose keeper has answered. */
async function createServing(desired: DesiredCache = wanted) {
  const bench = createBench();
  bench.put(container(desired));
  await bench.look(desired);
  expect(bench.told()).toEqual([`up id-${MAIN} 2.26.3`]);
  return bench;
}

const CREATE = [`create container ${MAIN} from kalpana/nix-keeper:latest`, `start ${MAIN}`];
const PULL = 'pull image kalpana/nix-keeper:latest';

describe('a keeper', () => {
  it('that nobody has looked at says so', () => {
    const { keeper } = createBench();
    expect(keeper.unavailable()).toEqual({
      reason: 'KeeperNotReady',
      message: 'the keeper of the cache team is not ready: it has not been looked at yet',
    });
    expect([keeper.commands(), keeper.failure(), keeper.view()]).toEqual([null, null, null]);
  });

  it('is made, and asked when it runs; once for each start', async () => {
    const bench = createBench();
    expect(await bench.look()).toEqual({ operations: 2, failure: null, recheckMs: 0 });
    expect(bench.done()).toEqual(CREATE);
    expect(bench.keeper.unavailable()?.message).toBe(
      'the keeper of the cache team is not ready: the cache has no keeper',
    );
    bench.put(container(wanted));
    expect(await bench.look()).toEqual({ operations: 0, failure: null, recheckMs: null });
    await bench.look();
    expect(bench.told()).toEqual([`up id-${MAIN} 2.26.3`]);
    expect(bench.asked).toEqual([`id-${MAIN}`]);
    expect(bench.keeper.unavailable()).toBeNull();
    expect(bench.keeper.view()).toEqual({
      id: `id-${MAIN}`,
      image: 'kalpana/nix-keeper:latest',
      state: 'running',
      nixVersion: '2.26.3',
    });
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
    expect([bench.keeper.commands(), bench.keeper.failure()]).toEqual([null, null]);
    expect(bench.keeper.message()).toBe('keeper: exited -> running');
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
    expect(bench.keeper.unavailable()).toEqual(failure);
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
    expect([bench.keeper.failure(), bench.told()]).toEqual([failure, []]);
    bench.answers.clear();
    await bench.look();
    expect([bench.keeper.failure(), bench.told()]).toEqual([null, [`up id-${MAIN} 2.26.3`]]);
  });

  it('of an operation that fails tells that, and is tried anew by the next look', async () => {
    const bench = createBench();
    bench.failure = { reason: 'EngineError', message: 'the engine refuses' };
    const failure = { reason: 'KeeperNotReady', message: 'the engine refuses' };
    expect(await bench.look()).toEqual({ operations: 2, failure, recheckMs: null });
    expect(bench.keeper.failure()).toEqual(failure);
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
    await expect(bench.look()).rejects.toBe(away);
    bench.containers.get = inspect;
    expect([bench.keeper.unavailable(), bench.told(), bench.done()]).toEqual([null, [], []]);
  });

  it('that nothing names any more is asked as long as somebody mounts its volume, and then not', async () => {
    const bench = await createServing();
    bench.put(user('somebody'));
    expect(await bench.look(null)).toEqual({ operations: 0, failure: null, recheckMs: null });
    expect(bench.keeper.unavailable()).toBeNull();
    bench.containers.delete('somebody');
    await bench.look(null);
    expect(bench.done()).toEqual([`remove container ${MAIN}`]);
    bench.containers.clear();
    await bench.look(null);
    expect([bench.keeper.message(), bench.keeper.failure()]).toEqual(['nothing names the cache', null]);
  });
});

describe('the image of a keeper', () => {
  const missing: Failure = { reason: 'ImageMissing', message: 'no such image' };

  it('is pulled after a creation has found it absent, and not again', async () => {
    const bench = createBench();
    bench.failure = missing;
    expect(await bench.look()).toEqual({ operations: 2, failure: null, recheckMs: 0 });
    expect([bench.done(), bench.keeper.failure()]).toEqual([CREATE, null]);
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
    expect([bench.done(), bench.keeper.message()]).toEqual([[], 'it is not up yet']);
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
    expect([bench.told(), bench.keeper.unavailable()]).toEqual([[], null]);
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
    expect([bench.keeper.failure(), bench.keeper.unavailable()]).toEqual([failure, null]);
    await bench.look(cache({ image: 'kalpana/nix-keeper:mended' }));
    expect(bench.done()[0]).toBe(`create container ${NEXT} from kalpana/nix-keeper:mended`);
  });
});

describe('stopping a keeper', () => {
  it('ends its container, with the grace of every stop; the next look starts it again', async () => {
    const bench = await createServing();
    const stopped: unknown[] = [];
    bench.onStop = async (...asked) => void stopped.push(asked);
    await bench.keeper.stop('the cache was emptied', {});
    expect(stopped).toEqual([[`id-${MAIN}`, 10]]);
    expect([bench.told(), bench.keeper.message(), bench.keeper.failure()]).toEqual([
      ['down'],
      'the cache was emptied',
      null,
    ]);
    await bench.keeper.stop('again', {});
    expect(stopped).toHaveLength(1);
    bench.put(container(wanted, { state: 'exited' }));
    await bench.look();
    expect(bench.done()).toEqual([`start ${MAIN}`]);
  });

  it('cuts it off again when a look in between has met it', async () => {
    const bench = await createServing();
    bench.onStop = async () => void (await bench.look());
    await bench.keeper.stop('the cache was emptied', {});
    expect(bench.told()).toEqual(['down', `up id-${MAIN} 2.26.3`, 'down']);
    expect([bench.keeper.commands(), bench.keeper.message()]).toEqual([null, 'the cache was emptied']);
  });

  it('does not cut off the one that has started meanwhile', async () => {
    const bench = await createServing();
    bench.onStop = async () => {
      bench.put(container(wanted, { startedAt: 2 }));
      await bench.look();
    };
    await bench.keeper.stop('the cache was emptied', {});
    expect(bench.told()).toEqual(['down', `up id-${MAIN} 2.26.3`]);
    expect(bench.keeper.unavailable()).toBeNull();
  });
});

describe('what is known of a keeper', () => {
  it('for a plan changes nothing on the engine, and asks one that runs', async () => {
    const bench = createBench();
    const made = await bench.keeper.foresee(wanted, {});
    expect(made.operations.map(({ type }) => type)).toEqual(['create-container', 'start-container']);
    bench.put(container(wanted));
    expect((await bench.keeper.foresee(wanted, {})).operations).toEqual([]);
    expect([bench.done(), bench.told()]).toEqual([[], [`up id-${MAIN} 2.26.3`]]);
  });

  it('holds the users of its volume, without the containers of the cache itself, and the images in use', async () => {
    const bench = createBench();
    const other = { ...user('other'), mounts: [{ type: 'bind', source: VOLUME.name, target: '/nix', readOnly: true }] };
    bench.put(
      container(wanted),
      user(NEXT),
      user(`${MAIN}.seed`),
      user('alice', '/nix', { state: 'exited' }),
      user('old', '/nix/store', { imageId: 'sha256:other' }),
      other,
    );
    const names = (await bench.keeper.listUsers({})).map(({ name }) => name);
    expect(names).toEqual(['alice', 'old']);
    expect(bench.keeper.users().map(({ name }) => name)).toEqual(names);
    expect(bench.keeper.imagesInUse()).toEqual(new Set(['k', 'other']));
  });

  it.each<[string, ObservedContainer | undefined, boolean]>([
    ['the same container', container(wanted), false],
    ['the same one, which has ended', container(wanted, { state: 'exited' }), true],
    ['another one', container(wanted, { id: 'id-other' }), true],
    ['none', undefined, true],
  ])('has moved when a list shows %s', async (_what, listed, hasMoved) => {
    const { keeper } = await createServing();
    expect(keeper.hasMoved(listed)).toBe(hasMoved);
  });

  it('has moved when none has answered', () => expect(createBench().keeper.hasMoved(container(wanted))).toBe(true));
});
