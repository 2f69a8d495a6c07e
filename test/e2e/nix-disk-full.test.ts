import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, putCache } from '../support/nix/site.js';
import { importStoreImage } from '../support/nix/store-images.js';

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
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=56m' },
      Labels: { 'kalpana.shared': 'true', 'kalpana.managed': 'true', 'kalpana.type': 'nix-cache' },
    },
  });
  putCache(site, CACHE, server, { trustedImages: ['trusted/*'] });
  controller = site.start();
});

describe('a cache whose disk is full', () => {
  it('says so, keeps what is there in use, and goes on by itself once there is room', async () => {
    site.put('nd-a', { cache: CACHE, packages: ['tool'] });
    await controller.until('nd-a', { phase: 'Ready' }, SLOW_MS);
    // Nix reserves 8 MB for its own collections: a package of 16 MB does not fit beside that.
    expect((await hands.sh('head -c 37000000 /dev/zero > /nix/ballast')).code).toBe(0);
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

  inLongRuns('unit images/imports: one that failed; nix-images: what an import must not do', () =>
    it('lets go of what an import had copied, and imports when there is room', async () => {
      // Nix reserves 8 MB for its own collections, in the volume's store and in an import's.
      const fill = 'head -c 60000000 /dev/zero > /nix/ballast; truncate -s -1500000 /nix/ballast';
      await eventually(
        async () =>
          expect(await hands.sh(fill)).toMatchObject({ code: 0, text: expect.stringMatching(/no space left/i) }),
        { withinMs: SLOW_MS },
      );
      await importStoreImage(docker.host, { reference: 'trusted/full:1' });
      site.put('nd-own', { cache: CACHE, image: 'trusted/full:1' });
      await controller.until(
        'nd-own',
        { reason: 'CacheDiskFull', message: expect.stringMatching(/no space left|disk is full/i) },
        SLOW_MS,
      );
      expect(await docker.containerOrNull('workspace-nd-own')).toBeNull();
      await eventually(async () => expect((await hands.sh('ls -A /nix/var/kalpana/import')).text).toBe(''), {
        withinMs: SLOW_MS,
      });
      expect((await hands.sh('rm /nix/ballast')).code).toBe(0);
      await controller.until('nd-own', { phase: 'Ready' }, SLOW_MS);
      expect((await docker.sh('workspace-nd-own', 'words')).text).toBe('words of the image');
    }),
  );
});
