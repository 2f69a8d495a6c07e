import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

const site = createSite('nix-caches', testEngineHost());
const { docker } = site;
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  putCache(site, 'nc-x', server);
  putCache(site, 'nc-y', server);
  controller = site.start();
});

describe('two caches side by side', () => {
  it('have a volume, a keeper and numbers each, and share no package', async () => {
    site.put('nc-1', { cache: 'nc-x', packages: ['hello', 'tool'] });
    site.put('nc-2', { cache: 'nc-y', packages: ['hello', 'sub.inner'] });
    for (const name of ['nc-1', 'nc-2']) await controller.until(name, { phase: 'Ready' }, SLOW_MS);
    const volumes = async (container: string) =>
      (await docker.container(container)).Mounts.flatMap(({ Name, Destination }) =>
        Destination === '/nix' ? [Name] : [],
      );
    for (const [cache, workspace] of [
      ['nc-x', 'nc-1'],
      ['nc-y', 'nc-2'],
    ] as const) {
      const { keeper, volume } = cacheObjects(cache);
      expect(await volumes(keeper)).toEqual([volume]);
      expect(await volumes(`workspace-${workspace}`)).toEqual([volume]);
    }
    // Each fetched it for itself.
    expect(server.count(server.nar('hello'))).toBe(2);
    const [x, y] = [await cacheStatus(controller, 'nc-x'), await cacheStatus(controller, 'nc-y')];
    expect(x).toMatchObject({
      workspaces: ['nc-1'],
      environments: 1,
      totals: { paths: { hit: 0, fetched: 3, built: 0 } },
    });
    expect(y).toMatchObject({
      workspaces: ['nc-2'],
      environments: 1,
      totals: { paths: { hit: 0, fetched: 2, built: 0 } },
    });
    const sees = async (workspace: string, attribute: string) =>
      (await docker.sh(`workspace-${workspace}`, `test -e ${server.fixture.paths[attribute]}`)).code === 0;
    expect([
      await sees('nc-1', 'tool'),
      await sees('nc-1', 'sub.inner'),
      await sees('nc-2', 'tool'),
      await sees('nc-2', 'sub.inner'),
    ]).toEqual([true, false, false, true]);
    expect([await runs(docker, 'nc-1', 'inner'), await runs(docker, 'nc-2', 'inner')]).toEqual([null, 'inner']);
  });

  it("do not feel each other's keeper", async () => {
    const other = await docker.container(cacheObjects('nc-y').keeper);
    await docker.remove(cacheObjects('nc-x').keeper);
    await eventually(async () => expect(await keeperHands(docker, 'nc-x').id()).not.toBeNull(), { withinMs: SLOW_MS });
    await cachePhase(controller, 'nc-x', 'Ready');
    const after = await docker.container(cacheObjects('nc-y').keeper);
    expect([after.Id, after.State.StartedAt]).toEqual([other.Id, other.State.StartedAt]);
  });
});

describe("a cache's file", () => {
  const hands = keeperHands(docker, 'nc-x');
  const { volume } = cacheObjects('nc-x');

  it('removed while a workspace uses it breaks nothing that runs', async () => {
    const [workspace, keeper] = [await docker.container('workspace-nc-1'), await hands.id()];
    site.drop('cache-nc-x.json');
    await eventually(
      async () =>
        expect((await controller.status('nc-1')).conditions).toContainEqual(
          expect.objectContaining({ status: 'False', reason: 'CacheMissing' }),
        ),
      { withinMs: SLOW_MS },
    );
    await controller.kill();
    controller = site.start({ resync: 1 });
    await eventually(
      async () =>
        expect((await controller.status('nc-1')).conditions).toContainEqual(
          expect.objectContaining({ status: 'False', reason: 'CacheMissing' }),
        ),
      { withinMs: SLOW_MS },
    );
    await controller.resyncs(3);
    expect(await hands.id()).toBe(keeper);
    const after = await docker.container('workspace-nc-1');
    expect([after.Id, after.State.StartedAt]).toEqual([workspace.Id, workspace.State.StartedAt]);
    expect(await runs(docker, 'nc-1', 'tool')).toBe('hello from tool');
    putCache(site, 'nc-x', server);
    site.put('nc-1', { cache: 'nc-x', packages: ['hello', 'tool', 'big1'] });
    await eventually(async () => expect(await runs(docker, 'nc-1', 'big1')).toBe('big'), { withinMs: SLOW_MS });
    await packagesAre(controller, 'nc-1', 'Ready');
    expect((await docker.container('workspace-nc-1')).Id).toBe(workspace.Id);
  });

  it('removed when nothing uses it any more takes the keeper with it, and leaves the volume', async () => {
    site.put('nc-1', { cache: 'nc-y', packages: ['hello'] });
    await eventually(
      async () => {
        const { Mounts } = await docker.container('workspace-nc-1');
        expect(Mounts.map(({ Name }) => Name)).toContain(cacheObjects('nc-y').volume);
      },
      { withinMs: SLOW_MS },
    );
    await controller.until('nc-1', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nc-1', 'hello')).toBe('hello from hello 1.0');
    site.drop('cache-nc-x.json');
    await eventually(async () => expect(await docker.containerOrNull(hands.keeper)).toBeNull(), { withinMs: SLOW_MS });
    expect((await docker.volume(volume))?.Labels).toMatchObject({ 'kalpana.type': 'nix-cache' });
    expect(await keeperHands(docker, 'nc-y').id()).not.toBeNull();
    // Named again, what was fetched is still there.
    server.forget();
    putCache(site, 'nc-x', server);
    site.put('nc-1', { cache: 'nc-x', packages: ['hello', 'tool'] });
    await eventually(async () => expect(await runs(docker, 'nc-1', 'tool')).toBe('hello from tool'), {
      withinMs: SLOW_MS,
    });
    expect(server.nars().requests).toBe(0);
  });
});
