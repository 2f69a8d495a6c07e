import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e-eventually.js';
import { testEngineHost } from '../support/engine.js';
import type { Kalpana } from '../support/kalpana.js';
import { createSite } from '../support/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix-cache.js';
import { cachePhase, cacheStatus, putCache } from '../support/nix-site.js';

const site = createSite('nix-packages', testEngineHost());
const { docker } = site;
let server: TestNixCache;
let controller: Kalpana;
const CACHE = 'np';

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  putCache(site, CACHE, server);
  controller = site.start();
}, 240_000);

describe('packages', () => {
  it('are on PATH of an image without Nix when the workspace is Ready', async () => {
    site.put('np-a', { cache: CACHE, packages: ['hello', 'tool'] });
    await controller.ready('np-a');
    expect(await docker.sh('workspace-np-a', 'hello; tool; touch /nix/store/x')).toMatchObject({ text: expect.stringContaining('hello from hello 1.0\nhello from tool') });
    expect(server.nars().requests).toBe(3);
    const status = await controller.status('np-a');
    expect(status.cache?.lastUse?.paths).toEqual({ asked: 3, hit: 0, fetched: 3, built: 0 });
    await cachePhase(controller, CACHE, 'Ready');
  });

  it('are fetched once for two workspaces', async () => {
    server.forget();
    site.put('np-b', { cache: CACHE, packages: ['tool', 'hello'] });
    await controller.ready('np-b');
    expect(server.requests()).toEqual([]);
    expect((await controller.status('np-b')).cache?.lastUse?.paths).toEqual({ asked: 3, hit: 3, fetched: 0, built: 0 });
    expect((await cacheStatus(controller, CACHE)).hitRate).toBeCloseTo(0.5);
  });

  it('change in a running container, and go from PATH', async () => {
    const before = await docker.container('workspace-np-a');
    site.put('np-a', { cache: CACHE, packages: ['sub.inner', 'tool'] });
    await eventually(async () => expect((await docker.sh('workspace-np-a', 'inner')).text).toBe('inner'), { withinMs: 20_000 });
    expect((await docker.sh('workspace-np-a', 'hello')).code).toBe(127);
    await controller.ready('np-a');
    expect((await docker.container('workspace-np-a')).Id).toBe(before.Id);
  });
});
