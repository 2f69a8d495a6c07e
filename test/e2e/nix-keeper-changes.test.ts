import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { NixCacheSpec } from '../../controller/model/nix-cache.generated.js';
import { eventually } from '../support/e2e/eventually.js';
import { TEST_IMAGE, testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, cacheFails, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';
import { writeNixpkgs } from '../support/nix/packages.js';

const site = createSite('nix-changes', testEngineHost());
const { docker } = site;
const CACHE = 'nh';
const { keeper } = cacheObjects(CACHE);
const hands = keeperHands(docker, CACHE);
let server: TestNixCache;
let second: TestNixCache;
let controller: Kalpana;
let workspaceId: string;
/** A nixpkgs of another day: `hello` is another there. */
const otherNixpkgs = join(site.dir, 'nixpkgs');

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  second = await serveNixCache(testEngineHost());
  writeNixpkgs(otherNixpkgs, { extra: 'hello = pkgs.hello2;' });
  putCache(site, CACHE, server);
  controller = site.start();
  site.put('nh-a', { cache: CACHE, packages: ['hello', 'tool'] });
  await controller.until('nh-a', { phase: 'Ready' }, SLOW_MS);
  workspaceId = (await docker.container('workspace-nh-a')).Id;
});

/** From the first change on. */
function changeCache(more: Partial<NixCacheSpec> = {}): void {
  const mounts = [
    { type: 'bind' as const, source: server.fixture.nixpkgs, target: '/nixpkgs', readOnly: true },
    { type: 'bind' as const, source: otherNixpkgs, target: '/other', readOnly: true },
  ];
  putCache(site, CACHE, server, { mounts, substituters: [second.url], ...more });
}

async function expectUntouched(): Promise<void> {
  const { Id, State } = await docker.container('workspace-nh-a');
  expect([Id, State.Status]).toEqual([workspaceId, 'running']);
}

/** A new keeper in the old one's place; gives its id. */
async function replaced(oldId: string | null): Promise<string> {
  const id = await eventually(
    async () => {
      const now = await hands.id();
      expect(now).not.toBeNull();
      expect(now).not.toBe(oldId);
      return now!;
    },
    { withinMs: SLOW_MS },
  );
  await cachePhase(controller, CACHE, 'Ready');
  expect(await docker.containerOrNull(oldId!)).toBeNull();
  expect(await docker.containerOrNull(`${keeper}.next`)).toBeNull();
  return id;
}

describe('a keeper whose spec changes', () => {
  it('gives way to one with the new mount and substituter, which serves from then on; no workspace is touched', async () => {
    const before = await hands.id();
    changeCache();
    await replaced(before);
    expect((await hands.sh('ls /other/default.nix')).code).toBe(0);
    await expectUntouched();
    expect(await runs(docker, 'nh-a', 'tool')).toBe('hello from tool');
    expect(await hands.freeLocks()).toEqual(['s']);
    server.forget();
    site.put('nh-a', { cache: CACHE, packages: ['hello', 'tool', 'sub.inner'] });
    await eventually(async () => expect(await runs(docker, 'nh-a', 'inner')).toBe('inner'), { withinMs: SLOW_MS });
    expect([second.count(second.nar('sub.inner')), server.requests().length]).toEqual([1, 0]);
    await expectUntouched();
  });

  it('stays with another nixpkgs, which reaches the running workspace', async () => {
    const before = await hands.id();
    changeCache({ nixpkgs: '/other' });
    await eventually(async () => expect(await runs(docker, 'nh-a', 'hello')).toBe('hello from hello 2.0'), {
      withinMs: SLOW_MS,
    });
    await packagesAre(controller, 'nh-a', 'Ready');
    expect(await hands.id()).toBe(before);
    await expectUntouched();
  });

  it('serves on when the new image cannot work, says why, and goes on when the spec is mended', async () => {
    const before = await hands.id();
    changeCache({ nixpkgs: '/other', image: TEST_IMAGE });
    await cacheFails(controller, CACHE, 'KeeperNotReady', expect.stringContaining('the image has no nix'));
    expect(await hands.id()).toBe(before);
    expect(await docker.containerOrNull(`${keeper}.next`)).toBeNull();
    site.put('nh-a', { cache: CACHE, packages: ['hello', 'big1'] });
    await eventually(async () => expect(await runs(docker, 'nh-a', 'big1')).toBe('big'), { withinMs: SLOW_MS });
    // Known already: no second try, neither by time nor by another spec.
    expect(await hands.id()).toBe(before);
    changeCache({ nixpkgs: '/other' });
    await cachePhase(controller, CACHE, 'Ready');
    expect(await hands.id()).toBe(before);
    await expectUntouched();
  });
});
