import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import {
  buildHousehold,
  collect,
  collected,
  diskBytes,
  expectGone,
  expectWhole,
  putHouseCache,
  type Household,
} from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheStatus } from '../support/nix/site.js';

const site = createSite('nix-collect', testEngineHost());
const { docker } = site;
const P = 'gc';
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;
let house: Household;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  proxy = await startEngineProxy(docker.host);
  controller = site.start({ host: proxy.host });
  house = await buildHousehold(site, controller, server, P);
  // It would be started again at once by a controller that hears of it.
  proxy.events('swallow');
});

beforeEach(async () => {
  const { State: state } = await docker.container('workspace-gc-paused');
  if (state.Status === 'running') await docker.pause('workspace-gc-paused');
});

const exists = async (path: string): Promise<boolean> => (await docker.sh(house.keeper, `ls -d ${path}`)).code === 0;

describe('a collection of a store that is in use in every way', () => {
  it('told in advance, names what would go and what keeps what, and deletes nothing', async () => {
    const { code, news } = await collect(site, P, '--dry-run');
    expect(code).toBe(0);
    if (news.type !== 'preview') throw new Error(JSON.stringify(news));
    const paths = news.preview.dead.map(({ path }) => path);
    for (const path of house.dead.values()) expect(paths).toContain(path);
    for (const path of [...house.kept.values(), ...house.retained.values()]) expect(paths).not.toContain(path);
    expect(news.preview.deadBytes).toBeGreaterThan(500_000);
    const links = news.preview.roots
      .filter(({ kind, owner }) => kind === 'link' && owner === 'gc-root')
      .map(({ from }) => from);
    expect(links).toEqual(
      expect.arrayContaining([
        '/workspace/result',
        '/root/result',
        "/workspace/a 'result' of\tmine",
        '/workspace/result-moved',
      ]),
    );
    for (const path of house.dead.values()) expect(await exists(path)).toBe(true);
    await expectWhole(site, house);
  });

  it('keeps every root with its closure, lets every process run, and deletes everything that is dead', async () => {
    // What is being built, by a user and by a workspace's packages.
    const building = quietly(
      docker,
      'workspace-gc-root',
      `nix-build -o /workspace/result-slow -E 'derivation { name = "slow-user"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; input = derivation { name = "slow-input"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin"; args = [ "-c" "echo input > $out" ]; }; args = [ "-c" "sleep 8; cp $input $out" ]; }' 2>/dev/null`,
    );
    await eventually(
      async () => expect((await docker.sh(house.keeper, 'ls -d /nix/store/*-slow-input')).code).toBe(0),
      { withinMs: 30_000 },
    );
    const before = await diskBytes(site, house.keeper);
    const run = await collected(site, P);
    const after = await diskBytes(site, house.keeper);
    await expectGone(site, house.keeper, house.dead);
    await expectWhole(site, house, [...house.retained.values()]);
    expect(Math.abs(before - after - run.freedBytes)).toBeLessThan(0.02 * run.freedBytes);
    expect(run).toMatchObject({ trigger: 'request', roots: { prewarm: 1, image: 1, generation: 1, removed: 1 } });
    expect(run.roots.link).toBeGreaterThanOrEqual(8);
    expect(run.roots.process).toBeGreaterThanOrEqual(4);
    expect((await building).text).toMatch(/-slow-user$/);
    expect((await docker.sh('workspace-gc-root', 'cat /workspace/result-slow')).text).toBe('input');
  });

  it('finds nothing more the next time, and keeps the links that Nix itself takes for stale', async () => {
    await quietly(docker, 'workspace-gc-user', 'nix-store --gc --print-roots');
    // What the build needed is dead since its end.
    await collected(site, P);
    const run = await collected(site, P);
    expect(run).toMatchObject({ freedPaths: 0, freedBytes: 0, leftPaths: 0 });
    await expectWhole(site, house, [...house.retained.values()]);
  });

  it('tells the last runs', async () => {
    const { gc } = await cacheStatus(controller, P);
    expect(gc?.runs.slice(0, 2).map(({ result, trigger }) => ({ result, trigger }))).toEqual([
      { result: 'success', trigger: 'request' },
      { result: 'success', trigger: 'request' },
    ]);
    const { out } = await site.command('describe', 'cache', P, '--state-dir', site.state);
    expect(out).toMatch(/request\s+success/);
  });

  it('lets go of what is older than retain, and of nothing else', async () => {
    putHouseCache(site, server, P, { imageId: house.imageId, retain: '0s' });
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.config.retainMs).toBe(0), {
      withinMs: 30_000,
    });
    const { news } = await collect(site, P, '--dry-run');
    expect(news.type === 'preview' ? news.preview.dead.map(({ path }) => path) : news).toEqual(
      expect.arrayContaining([...house.retained.values()]),
    );
    for (const path of house.retained.values()) expect(await exists(path)).toBe(true);
    await collected(site, P);
    await expectGone(site, house.keeper, house.retained);
    await expectWhole(site, house);
  });
});
