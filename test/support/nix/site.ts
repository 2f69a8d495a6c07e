import type { NixCacheSpec } from '../../../controller/model/nix-cache.generated.js';
import type { CacheStatus } from '../../../controller/model/cache-status.js';
import { eventually } from '../e2e/eventually.js';
import { expect } from '@jest/globals';
import type { Kalpana } from '../e2e/kalpana.js';
import type { Site } from '../e2e/kalpana-site.js';
import type { TestNixCache } from './cache.js';
import { KEEPER_IMAGE } from './images.js';

/** Names of a cache's objects on the engine. */
export function cacheObjects(cache: string): { readonly keeper: string; readonly volume: string } {
  return { keeper: `kalpana-nix-keeper-${cache}`, volume: `kalpana-nix-store-${cache}` };
}

/**
 * Writes a NixCache of a site's own, on the test packages of `server`; its objects go with the site. Gives its name.
 */
export function putCache(site: Site, name: string, server: TestNixCache, spec: Partial<NixCacheSpec> = {}): string {
  const { keeper, volume } = cacheObjects(name);
  site.owns(keeper, `${keeper}.next`, volume);
  const full: NixCacheSpec = {
    image: KEEPER_IMAGE,
    nixpkgs: '/nixpkgs',
    mounts: [{ type: 'bind', source: server.fixture.nixpkgs, target: '/nixpkgs', readOnly: true }],
    substituters: [server.url],
    trustedPublicKeys: [server.publicKey],
    // Whatever the time of day is when the suites run.
    ...spec,
    // Whatever the time of day is when the suites run; and what was made for a test may go in it.
    gc: { schedule: '0 4 1 1 *', grace: '0s', ...spec.gc },
  };
  site.write(
    `cache-${name}.json`,
    JSON.stringify({ apiVersion: 'kalpana.dev/v1', kind: 'NixCache', metadata: { name }, spec: full }, null, 2),
  );
  return name;
}

export function cacheStatus(controller: Kalpana, cache: string): Promise<CacheStatus> {
  return controller.ask<CacheStatus>(`/api/v1/caches/${cache}`);
}

/** Waits until the cache is in this phase. */
export function cachePhase(
  controller: Kalpana,
  cache: string,
  phase: CacheStatus['phase'],
  withinMs = 60_000,
): Promise<CacheStatus> {
  return eventually(
    async () => {
      const status = await cacheStatus(controller, cache);
      expect(status.phase).toBe(phase);
      return status;
    },
    { withinMs },
  );
}
