import { execFileSync } from 'node:child_process';
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
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  await call(docker.host, 'POST', '/volumes/create', {
    body: {
      Name: volume,
      Driver: 'local',
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=10m' },
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
    execFileSync('mount', ['-o', 'remount,size=100m', (await docker.volume(volume))?.Mountpoint ?? '']);
    await packagesAre(controller, 'nd-a', 'Ready', expect.stringContaining('big16'), 120_000);
    expect(await runs(docker, 'nd-a', 'big16; tool')).toBe('big\nhello from tool');
    expect((await keeperHands(docker, CACHE).sh('nix-store --verify --check-contents')).code).toBe(0);
  });
});
