import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

const site = createSite('nix-disk-full', testEngineHost());
const { docker } = site;
const CACHE = 'nd';
const { volume } = cacheObjects(CACHE);
const hands = keeperHands(docker, CACHE);
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  await call(docker.host, 'POST', '/volumes/create', {
    body: {
      Name: volume,
      Driver: 'local',
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=40m' },
      Labels: { 'kalpana.shared': 'true', 'kalpana.managed': 'true', 'kalpana.type': 'nix-cache' },
    },
  });
  putCache(site, CACHE, server);
  controller = site.start();
});

describe('a cache whose disk is full', () => {
  it('says so, keeps what is there in use, and goes on by itself once there is room', async () => {
    site.put('nd-a', { cache: CACHE, packages: ['tool'] });
    await controller.until('nd-a', { phase: 'Ready' }, SLOW_MS);
    // Nix reserves 8 MB for its own collections: a package of 16 MB does not fit beside that.
    expect((await hands.sh('head -c 20000000 /dev/zero > /nix/ballast')).code).toBe(0);
    site.put('nd-a', { cache: CACHE, packages: ['tool', 'big16'] });
    await packagesAre(
      controller,
      'nd-a',
      'CacheDiskFull',
      expect.stringMatching(/disk of the cache is full.* The old environment is still in place\./),
    );
    expect(await runs(docker, 'nd-a', 'tool')).toBe('hello from tool');
    site.put('nd-b', { cache: CACHE, packages: ['tool'] });
    await controller.until('nd-b', { phase: 'Ready' }, SLOW_MS);
    expect((await hands.sh('rm /nix/ballast')).code).toBe(0);
    await packagesAre(controller, 'nd-a', 'Ready', expect.stringContaining('big16'), 120_000);
    expect(await runs(docker, 'nd-a', 'big16; tool')).toBe('big\nhello from tool');
    expect((await hands.sh('nix-store --verify --check-contents')).code).toBe(0);
  });
});
