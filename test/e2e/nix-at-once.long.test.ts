import { beforeAll, describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { runs } from '../support/nix/hands.js';
import { cachePhase, putCache } from '../support/nix/site.js';

// In each run test/simulation/caches has twenty workspaces ask at once, and test/unit/nix/packages/flights shows that
// each package is asked for once; nix-packages fetches once for two workspaces.

const site = createSite('nix-at-once', testEngineHost());
const { docker } = site;
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  controller = site.start();
});

/** How often each NAR was asked for; those of nobody are not in it. */
function narRequests(): Record<string, number> {
  const attributes = ['big1', 'big16', 'big4', 'hello', 'hello2', 'lib', 'sub.inner', 'tool', 'twin'];
  return Object.fromEntries(
    attributes.map((attribute) => [attribute, server.count(server.nar(attribute))]).filter(([, count]) => count !== 0),
  );
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);

describe('many workspaces at once, from an empty cache', () => {
  it('ten with the same packages: every archive is fetched exactly once', async () => {
    const cache = putCache(site, 'nz-same', server);
    server.forget();
    for (const name of names('nz-s', 10)) site.put(name, { cache, packages: ['tool', 'big1', 'big4', 'hello'] });
    for (const name of names('nz-s', 10)) await controller.until(name, { phase: 'Ready' }, 120_000);
    expect(narRequests()).toEqual({ big1: 1, big4: 1, hello: 1, lib: 1, tool: 1 });
    for (const name of names('nz-s', 10)) expect(await runs(docker, name, 'tool; big4')).toBe('hello from tool\nbig');
    const { totals, environments } = await cachePhase(controller, cache, 'Ready');
    expect({ totals, environments }).toMatchObject({
      environments: 1,
      totals: { paths: { fetched: 5, hit: 45, built: 0 } },
    });
  });

  it('eight with different packages that overlap: every archive is fetched exactly once', async () => {
    const cache = putCache(site, 'nz-mixed', server);
    server.forget();
    // Slow enough that all of them want it at the same time.
    const slow = server.fault({ paths: /^\/nar\//, delayMs: 1_000, bytesPerSecond: 4_000_000 });
    const wanted = [
      ['tool', 'big4'],
      ['tool', 'big1'],
      ['big1', 'big4'],
      ['hello', 'big4'],
      ['lib', 'big1', 'hello'],
      ['twin', 'big4', 'tool'],
      ['hello2', 'sub.inner'],
      ['sub.inner', 'big1', 'lib'],
    ];
    wanted.forEach((packages, index) => site.put(`nz-m-${index + 1}`, { cache, packages }));
    for (const name of names('nz-m', 8)) await controller.until(name, { phase: 'Ready' }, 120_000);
    slow.end();
    expect(narRequests()).toEqual({ big1: 1, big4: 1, hello: 1, hello2: 1, lib: 1, 'sub.inner': 1, tool: 1, twin: 1 });
    expect(await runs(docker, 'nz-m-6', 'tool; big4; twin')).toBe('hello from tool\nbig\ntwin');
    expect(await runs(docker, 'nz-m-7', 'hello; inner')).toBe('hello from hello 2.0\ninner');
    expect(await cachePhase(controller, cache, 'Ready')).toMatchObject({
      environments: 8,
      totals: { paths: { fetched: 8, built: 0 } },
    });
  });
});
