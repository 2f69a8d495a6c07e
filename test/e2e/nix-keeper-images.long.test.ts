import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, buildOnKeeper, cacheFails, conditionIs, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';
import { KEEPER_IMAGE, OLD_KEEPER_IMAGE, importOldKeeper } from '../support/nix/images.js';

// In each run test/contract/keeper-scripts has keepers of several versions, nix-keeper-changes an image that cannot
// work, test/unit/nix/packages/nix-failure has each failure, and test/unit/model/nix-holes which versions have known
// holes.

const site = createSite('nix-keeper-images', testEngineHost());
const { docker } = site;
const LATE_IMAGE = 'kalpana-late/nix-keeper:1';
const BAD_IMAGE = 'kalpana-bad/nix-keeper:2.35';
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  await importOldKeeper(testEngineHost());
  controller = site.start({ flags: ['--listen', '127.0.0.1:0'] });
});

afterAll(async () => {
  for (const image of [LATE_IMAGE, BAD_IMAGE]) await docker.untag(image);
});

describe('a keeper that cannot start', () => {
  it('holds up the workspaces with packages, with the reason, and no others, until its image is there', async () => {
    const cache = putCache(site, 'nm-late', server, { image: LATE_IMAGE });
    site.put('nm-with', { cache, packages: ['hello'] });
    site.put('nm-without', { cache });
    site.put('nm-off', { cache: false });
    await controller.until('nm-without', { phase: 'Ready' }, SLOW_MS);
    await controller.until('nm-off', { phase: 'Ready' }, SLOW_MS);
    await controller.until(
      'nm-with',
      { phase: 'Waiting', reason: 'KeeperNotReady', message: expect.stringContaining(LATE_IMAGE) },
      SLOW_MS,
    );
    await conditionIs(controller, 'nm-with', 'CacheReady', { status: 'False', reason: 'KeeperNotReady' });
    expect(await docker.containerOrNull('workspace-nm-with')).toBeNull();
    const [name = '', tag = ''] = LATE_IMAGE.split(':');
    await docker.tag(KEEPER_IMAGE, name, tag);
    await controller.until('nm-with', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nm-with', 'hello')).toBe('hello from hello 1.0');
  });

  it('of Nix 2.35.0 is refused by name', async () => {
    await buildOnKeeper(docker.host, BAD_IMAGE, {
      'usr/local/bin/nix':
        '#!/bin/sh\n[ "$*" = --version ] && { echo "nix (Nix) 2.35.0"; exit; }\nexec /usr/bin/nix "$@"\n',
    });
    const cache = putCache(site, 'nm-bad', server, { image: BAD_IMAGE });
    site.put('nm-b', { cache, packages: ['hello'] });
    await cacheFails(controller, cache, 'KeeperNotReady', expect.stringContaining('Nix 2.35.0'));
    await controller.until(
      'nm-b',
      { phase: 'Waiting', reason: 'KeeperNotReady', message: expect.stringContaining('Nix 2.35.0') },
      SLOW_MS,
    );
    putCache(site, 'nm-bad', server);
    await controller.until('nm-b', { phase: 'Ready' }, SLOW_MS);
  });
});

describe('a keeper with Nix 2.8', () => {
  const cache = 'nm-old';

  it('leaves a foreign container of its name alone, and starts when that is gone', async () => {
    const { keeper } = cacheObjects(cache);
    const foreign = await docker.create(keeper, {});
    await docker.start(keeper);
    putCache(site, cache, server, { image: OLD_KEEPER_IMAGE });
    site.put('nm-o', { cache, packages: ['hello', 'tool'] });
    await cacheFails(controller, cache, 'KeeperConflict', expect.stringContaining(keeper));
    await controller.until('nm-o', { phase: 'Waiting', reason: 'KeeperConflict' }, SLOW_MS);
    expect(await docker.container(keeper)).toMatchObject({ Id: foreign, State: { Status: 'running' } });
    await docker.remove(keeper);
    await controller.until('nm-o', { phase: 'Ready' }, SLOW_MS);
  });

  it('realises, and counts what it fetched', async () => {
    expect((await cacheStatus(controller, cache)).keeper?.nixVersion).toMatch(/^2\.8\./);
    expect(await runs(docker, 'nm-o', 'tool')).toBe('hello from tool');
    const { lastUse } = (await controller.status('nm-o')).cache!;
    expect(lastUse?.paths).toEqual({ asked: 3, hit: 0, fetched: 3, built: 0 });
    expect(lastUse?.bytes.fetched).toBeGreaterThan(0);
    await cachePhase(controller, cache, 'Ready');
  });

  it('is told as one with known holes, once, in every place, and goes on', async () => {
    const secure = (await cacheStatus(controller, cache)).conditions.find(({ type }) => type === 'KeeperSecure');
    expect(secure).toMatchObject({ status: 'False', reason: 'KnownHoles' });
    const { out } = await site.command('describe', 'cache', cache, '--state-dir', site.state);
    expect(out).toMatch(/^Nix: +2\.8\.\d, with known holes: .*CVE-2024-27297$/m);
    const metrics = await (await fetch(`${await controller.address()}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^kalpana_nix_known_holes{cache="${cache}"} [1-9]`, 'm'));
    // The same holes in the next keeper are no news.
    const { keeper } = cacheObjects(cache);
    await docker.remove(keeper);
    await eventually(async () => expect((await docker.containerOrNull(keeper))?.State.Status).toBe('running'), {
      withinMs: SLOW_MS,
    });
    await cachePhase(controller, cache, 'Ready');
    const { items } = await controller.ask<{ items: { reason: string; type: string; count: number }[] }>(
      `/api/v1/events?cache=${cache}`,
    );
    expect(items.filter(({ reason }) => reason === 'KnownHoles')).toEqual([
      expect.objectContaining({ type: 'Warning', count: 1 }),
    ]);
  });

  it('flips the profile of a running workspace, and counts what was there', async () => {
    const { Id } = await docker.container('workspace-nm-o');
    site.put('nm-o', { cache, packages: ['hello', 'big1', 'fresh'] });
    await eventually(async () => expect(await runs(docker, 'nm-o', 'big1; fresh')).toBe('big\nfresh'), {
      withinMs: SLOW_MS,
    });
    await packagesAre(controller, 'nm-o', 'Ready');
    expect((await docker.container('workspace-nm-o')).Id).toBe(Id);
    const { lastUse } = (await controller.status('nm-o')).cache!;
    expect(lastUse?.paths).toEqual({ asked: 3, hit: 1, fetched: 1, built: 1 });
    expect(lastUse?.bytes.fetched).toBeGreaterThan(1_000_000);
    expect(await runs(docker, 'nm-o', 'tool')).toBeNull();
  });

  it.each([
    ['PackageCollision', ['hello', 'other'], /hello-1\.0 and other-1\.0|other-1\.0 and hello-1\.0/],
    ['PackageNotFound', ['nowhere'], /'nowhere' is not in \/nixpkgs/],
    ['PackageBuildFailed', ['needsBroken'], /broken-1\.0 failed.*broken: this build always fails/],
  ])('tells %s', async (reason, packages, words) => {
    site.put('nm-o', { cache, packages });
    await packagesAre(controller, 'nm-o', reason, expect.stringMatching(words));
    expect(await runs(docker, 'nm-o', 'fresh')).toBe('fresh');
  });
});
