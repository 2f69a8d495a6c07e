import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { addPath } from '../support/gc/uses.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';
import { importStoreImage } from '../support/nix/store-images.js';

const site = createSite('nix-disk-full', testEngineHost());
const { docker } = site;
const CACHE = 'nd';
const hands = keeperHands(docker, CACHE);
let server: TestNixCache;
let controller: Kalpana;

/** Makes the volume of a cache on memory of its own. `o` is the mount's options. */
const volumeOf = (cache: string, o: string) =>
  call(docker.host, 'POST', '/volumes/create', {
    body: {
      Name: cacheObjects(cache).volume,
      Driver: 'local',
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o },
      Labels: { 'kalpana.shared': 'true', 'kalpana.managed': 'true', 'kalpana.type': 'nix-cache' },
    },
  });

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  await volumeOf(CACHE, 'size=56m');
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

describe('a cache whose disk has no room for one more name', () => {
  const NAMES = 'nd-names';
  const names = keeperHands(docker, NAMES);
  /** Takes every name that is left, but for those of what is let go again. */
  const FILL = 'mkdir -p /nix/ballast; n=0; while true > /nix/ballast/$n; do n=$((n + 1)); done 2>/dev/null';

  it('says so; its keeper starts again, and it is collected all the same', async () => {
    await volumeOf(NAMES, 'size=256m,nr_inodes=3000');
    putCache(site, NAMES, server, { gc: { schedule: '0 4 1 1 *', retain: '0s' } });
    site.put('nd-user', { cache: NAMES, image: TEST_NIX_IMAGE, packages: ['tool'] });
    await controller.until('nd-user', { phase: 'Ready' }, SLOW_MS);
    const dead = await addPath(docker, NAMES, 'many', 'mkdir $1; for n in $(seq 500); do : > $1/$n; done');
    await names.sh(FILL);
    expect((await names.sh('true > /nix/one-more')).code).not.toBe(0);
    site.put('nd-user', { cache: NAMES, image: TEST_NIX_IMAGE, packages: ['tool', 'hello'] });
    await packagesAre(controller, 'nd-user', 'CacheDiskFull', expect.stringMatching(/old environment is still/));
    expect(await runs(docker, 'nd-user', 'tool')).toBe('hello from tool');
    const { State } = await docker.container(names.keeper);
    await docker.kill(names.keeper);
    await eventually(
      async () => expect((await docker.container(names.keeper)).State.StartedAt).not.toBe(State.StartedAt),
      { withinMs: SLOW_MS },
    );
    await cachePhase(controller, NAMES, 'Ready');
    expect((await names.sh('true > /nix/one-more')).code).not.toBe(0);
    const { code, err } = await site.command('gc', NAMES, '--state-dir', site.state);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/deleting many/) });
    expect((await names.sh(`test -e ${dead}`)).code).not.toBe(0);
    await packagesAre(controller, 'nd-user', 'Ready', expect.stringContaining('hello'), 120_000);
  });
});
