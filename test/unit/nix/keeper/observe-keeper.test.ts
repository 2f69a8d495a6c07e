import { describe, expect, it } from '@jest/globals';
import { listUsers, observeKeeper } from '../../../../controller/nix/keeper/observe-keeper.js';
import { cache, user, VOLUME } from '../samples.js';
import { container, createBench, MAIN, NEXT, old, wanted } from './keeper-bench.js';

describe('a look at a keeper', () => {
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
    const names = (await listUsers(bench.context, {})).map(({ name }) => name);
    expect(names).toEqual(['alice', 'old']);
    expect(bench.state.users.map(({ name }) => name)).toEqual(names);
    expect(bench.state.imagesInUse).toEqual(new Set(['k', 'other']));
  });

  it('shows the next keeper as the one that is there, while there is no other', async () => {
    const bench = createBench();
    bench.put(container(wanted, { name: NEXT }));
    expect(await observeKeeper(bench.context, wanted, {})).toMatchObject({ main: null, next: { name: NEXT } });
    expect(bench.state.container?.name).toBe(NEXT);
    bench.put(container(old));
    await observeKeeper(bench.context, wanted, {});
    expect(bench.state.container?.name).toBe(MAIN);
    bench.containers.clear();
    await observeKeeper(bench.context, wanted, {});
    expect(bench.state.container).toBeNull();
  });

  it.each([
    ['no keeper', wanted, [], true],
    ['one that has ended', wanted, [container(wanted, { state: 'exited' })], true],
    ['one that is outdated', wanted, [container(old)], true],
    ['one that serves', wanted, [container(wanted)], false],
    ['one that nothing names', null, [container(wanted, { state: 'exited' })], false],
  ])('with %s looks for a store in the image where one may be needed', async (_what, desired, containers, isLooked) => {
    const bench = createBench();
    bench.imageId = 'abc';
    bench.put(...containers);
    const { seed } = await observeKeeper(bench.context, desired, {});
    expect([seed?.name ?? null, bench.lookedInto]).toEqual(isLooked ? [`${MAIN}.seed`, 1] : [null, 0]);
  });

  it('has no seed where the image brings no store', async () => {
    expect((await observeKeeper(createBench().context, cache(), {})).seed).toBeNull();
  });
});
