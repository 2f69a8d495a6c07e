import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createAfterwards } from '../../../controller/apply/afterwards.js';
import { createExecutor } from '../../../controller/apply/executor.js';
import { createGivenUpStore } from '../../../controller/state/given-up.js';
import { createHeldRemovals } from '../../../controller/state/held-removals.js';
import { createStateFile } from '../../../controller/state/state-file.js';
import { createImagePuller } from '../../../controller/apply/image-puller.js';
import type { Operation } from '../../../controller/plan/types.js';
import { createFakeEngine } from '../../support/engine/fake-engine.js';
import { createSimClock } from '../../support/sim/clock.js';
import { noCaches } from '../../support/sim/no-caches.js';

const volume = (name: string, labels = { a: '1' }): Operation => ({
  type: 'create-volume',
  volume: name,
  labels,
  cause: '',
});
const WAIT: Operation = { type: 'await-ready', container: { name: 'c', id: null }, cause: '' };

function bench() {
  const clock = createSimClock();
  const engine = createFakeEngine({ clock, latencyMs: () => 1 });
  const { port: docker } = engine.connect();
  const results: string[] = [];
  const images = createImagePuller(docker);
  const execute = createExecutor({
    afterwards: createAfterwards(),
    docker,
    images,
    caches: noCaches,
    clock,
    onResult: (key, { operation, failure }) => void results.push(`${key} ${operation.type} ${failure?.reason ?? 'ok'}`),
    onVolume: () => {},
    onPullProgress: () => {},
  });
  const timed = async <T>(work: Promise<T>): Promise<T> => (await clock.run(1_000), work);
  return {
    engine,
    images,
    results,
    timed,
    run: (operations: readonly Operation[]) => timed(execute('w', operations, {})),
  };
}

describe('the executor', () => {
  it.each([
    ['runs all in order', [volume('a'), volume('b')], 'done', ['a', 'b']],
    ['ends at a barrier', [volume('a'), WAIT, volume('b')], 'awaiting', ['a']],
    [
      'ends at the first failure',
      [volume('a'), { type: 'start-container', container: { name: 'absent', id: null }, cause: '' }, volume('b')],
      'failed',
      ['a'],
    ],
    ['takes over no volume that is not ours', [volume('theirs'), volume('b')], 'failed', []],
  ] satisfies [string, Operation[], string, string[]][])('%s', async (_what, operations, outcome, volumes) => {
    const { engine, run } = bench();
    engine.hands.createVolume('theirs', {});
    expect((await run(operations)).outcome).toBe(outcome);
    expect([...engine.state.volumes.keys()].filter((name) => name !== 'theirs')).toEqual(volumes);
    expect(engine.state.volumes.get('theirs')?.labels).toEqual({});
  });

  it('tells what became of each operation', async () => {
    const { run, results, engine } = bench();
    engine.hands.createVolume('theirs', {});
    await run([volume('a'), volume('theirs')]);
    expect(results).toEqual(['w create-volume ok', 'w create-volume VolumeConflict']);
  });
});

describe('pulls', () => {
  it('of one image at once are one pull, and a later one is another', async () => {
    const { engine, images, timed } = bench();
    engine.state.registry.add('far:1');
    const heard: string[] = [];
    const pull = (who: string) => images.pull('far:1', () => heard.push(who), {});
    const both = Promise.all([pull('a'), pull('b')]);
    expect(images.isPulling('far:1')).toBe(true);
    await timed(both);
    expect([heard, images.isPulling('far:1'), engine.calls.length]).toEqual([['a', 'b'], false, 1]);
    await timed(pull('c'));
    expect(engine.calls.length).toBe(2);
  });

  it('fail for all who wait', async () => {
    const { images, timed } = bench();
    const both = Promise.allSettled([images.pull('absent:1', () => {}, {}), images.pull('absent:1', () => {}, {})]);
    expect((await timed(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('held removals', () => {
  it('are known after a restart', () => {
    const dir = mkdtempSync(join(tmpdir(), 'kalpana-held-'));
    const open = () =>
      createHeldRemovals(
        createStateFile(join(dir, 'held.json'), (error) => {
          throw error;
        }),
      );
    open().save(['alice', 'bob']);
    expect(open().load()).toEqual(['alice', 'bob']);
    open().save([]);
    expect(open().load()).toEqual([]);
    rmSync(dir, { recursive: true });
  });
});

describe('specs given up', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kalpana-given-up-'));
  const file = join(dir, 'given-up.json');
  const failed = { specHash: 'v1:x', failure: { reason: 'StartFailed', message: 'no' } } as const;
  const fail = (error: Error) => {
    throw error;
  };
  afterEach(() => rmSync(file, { force: true }));

  it('are known after a restart, until they are taken back', () => {
    createGivenUpStore(createStateFile(file, fail)).set('alice', failed);
    expect([...createGivenUpStore(createStateFile(file, fail)).all()]).toEqual([['alice', failed]]);
    createGivenUpStore(createStateFile(file, fail)).set('alice', null);
    expect([...createGivenUpStore(createStateFile(file, fail)).all()]).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['another shape', '{"a":1}'],
    ['rows of another shape', '[1,["alice"],["bob",null],["carol",{"specHash":1}]]'],
    ['a reason of another release', '[["alice",{"specHash":"v1:x","failure":{"reason":"Nope","message":"no"}}]]'],
  ])('are tried once more after %s in the file', (_what, text) => {
    writeFileSync(file, text);
    expect([...createGivenUpStore(createStateFile(file, fail)).all()]).toEqual([]);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('are kept in memory when the file cannot be written', () => {
    const errors: Error[] = [];
    const store = createGivenUpStore(createStateFile('/dev/null/given-up.json', (error) => errors.push(error)));
    store.set('alice', failed);
    expect([store.all().size, errors.length]).toEqual([1, 1]);
  });
});
