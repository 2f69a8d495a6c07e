import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cacheStatus, cachePhase, putCache } from '../support/nix/site.js';

// In each run test/unit/nix/prewarm and packages/turnstile show who is fetched when, and test/simulation/gc-roots that
// prewarmed packages are kept; nix-packages realises packages of all kinds.

const site = createSite('nix-prewarm', testEngineHost());
const { docker } = site;
const CACHE = 'npw';
const { keeper: KEEPER } = cacheObjects(CACHE);
const PROFILE = '/nix/var/nix/profiles/kalpana/.prewarm';
let controller: Kalpana;
let server: TestNixCache;

const path = (attribute: string): string => server.fixture.paths[attribute] ?? '';
const rootsOf = async (attribute: string): Promise<string> =>
  (await docker.sh(KEEPER, `NIX_REMOTE=local nix-store -q --roots ${path(attribute)}`)).text;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
});

describe('prewarmed packages', () => {
  it('are fetched in the background, and nobody waits behind them', async () => {
    // The first download of it would take minutes: it is the prewarm's.
    const slow = server.fault({ paths: server.nar('big16'), bytesPerSecond: 100_000, times: 1 });
    putCache(site, CACHE, server, { prewarm: ['big16', 'hello', 'other'] });
    site.put('pw-idle', { cache: CACHE });
    controller = site.start();
    await eventually(() => expect(slow.hits()).toBe(1), { withinMs: 60_000 });
    await controller.ready('pw-idle');
    await cachePhase(controller, CACHE, 'Ready');
    expect((await cacheStatus(controller, CACHE)).underWay).toEqual([expect.stringContaining('prewarm')]);
    site.put('pw-a', { cache: CACHE, packages: ['big16', 'tool'] });
    await controller.until('pw-a', { phase: 'Ready' }, 60_000);
    expect((await docker.sh('workspace-pw-a', 'big16; tool')).text).toBe('big\nhello from tool');
  });

  it('end up fetched, and are kept by a root of their own', async () => {
    await eventually(
      async () =>
        expect((await docker.sh(KEEPER, `ls ${PROFILE}/bin`)).text.split(/\s+/).sort()).toEqual([
          'big16',
          'hello',
          'other',
        ]),
      { withinMs: 120_000 },
    );
    for (const attribute of ['big16', 'hello', 'other']) expect(await rootsOf(attribute)).toContain(PROFILE);
    // The download that was given up, and the one that was not.
    expect(server.count(server.nar('big16'))).toBe(2);
    expect(server.count(server.nar('other'))).toBeLessThanOrEqual(2);
    await eventually(async () => expect((await cacheStatus(controller, CACHE)).underWay).toEqual([]), {
      withinMs: 30_000,
    });
  });

  it('are there for a new workspace, and stay when those that had them go', async () => {
    server.forget();
    site.put('pw-b', { cache: CACHE, packages: ['hello'] });
    await controller.ready('pw-b');
    expect(server.requests()).toEqual([]);
    expect((await controller.status('pw-b')).cache?.lastUse).toMatchObject({
      paths: { asked: 1, hit: 1, fetched: 0, built: 0 },
    });
    site.drop('pw-a.json');
    await eventually(async () => expect(await docker.containerOrNull('workspace-pw-a')).toBeNull(), {
      withinMs: 60_000,
    });
    expect(await rootsOf('big16')).toContain(PROFILE);
  });

  it('follow the spec of the cache', async () => {
    const before = await docker.container(KEEPER);
    putCache(site, CACHE, server, { prewarm: ['twin'] });
    await eventually(async () => expect((await docker.sh(KEEPER, `ls ${PROFILE}/bin`)).text).toBe('twin'), {
      withinMs: 60_000,
    });
    expect((await docker.container(KEEPER)).Id).toBe(before.Id);
  });

  it('may be named by their store paths, as those of a workspace', async () => {
    putCache(site, CACHE, server, { prewarm: [path('other')] });
    await eventually(
      async () =>
        expect((await docker.sh(KEEPER, `ls ${PROFILE}/bin`)).text.split(/\s+/).sort()).toEqual(['hello', 'other']),
      { withinMs: 60_000 },
    );
    site.put('pw-b', { cache: CACHE, packages: [path('hello2')] });
    await eventually(
      async () => expect((await docker.sh('workspace-pw-b', 'hello')).text).toBe('hello from hello 2.0'),
      { withinMs: 60_000 },
    );
  });
});
