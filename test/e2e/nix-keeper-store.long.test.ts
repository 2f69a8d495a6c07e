import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';
import {
  importOwnStoreKeeper,
  KEEPER_PROGRAMS as PROGRAMS,
  makeOwnStoreImage,
  registers,
} from '../support/nix/own-store-keeper.js';
import { storePath } from '../support/nix/store-images.js';

// In each run nix-gc starts a keeper whose image has its Nix in a store of its own, and collects there;
// nix-keeper-changes changes a keeper's image, and nix-clear empties a cache.

const host = testEngineHost();
const site = createSite('nix-kstore', host);
const { docker } = site;
const CACHE = 'nks';
const { keeper, volume } = cacheObjects(CACHE);
const IMAGE = 'kalpana/own-store-keeper';
const SECOND = storePath('keeper-more-1.0');
const LONG = 80_000;
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(host);
  await importOwnStoreKeeper(docker, `${IMAGE}:1`);
  await makeOwnStoreImage(docker, {
    reference: `${IMAGE}:2`,
    from: `${IMAGE}:1`,
    script: `mkdir -p ${SECOND}; echo more > ${SECOND}/words; ${registers(SECOND)}`,
  });
  putCache(site, CACHE, server, { image: `${IMAGE}:1` });
  site.owns(`${keeper}.seed`);
  controller = site.start();
});

afterAll(async () => {
  for (const tag of ['2', '1']) await docker.untag(`${IMAGE}:${tag}`);
});

async function inKeeper(line: string): Promise<string> {
  return (await docker.sh(keeper, `export NIX_REMOTE=local HOME=/tmp; ${line}`)).text;
}

async function serves(): Promise<void> {
  await cachePhase(controller, CACHE, 'Ready', LONG);
  await controller.until('nks-a', { phase: 'Ready' }, LONG);
  expect((await docker.sh('workspace-nks-a', 'hello')).text).toBe('hello from hello 1.0');
  expect(await inKeeper('nix-store --verify --check-contents 2>&1')).not.toMatch(/error|modified|missing/i);
  expect(await inKeeper(`nix-store -q --roots ${PROGRAMS} | cat`)).toContain('/nix/var/nix/gcroots/kalpana/keeper/');
  expect(await docker.containerOrNull(`${keeper}.seed`)).toBeNull();
}

describe('a keeper whose image has its Nix in a store of its own', () => {
  it('starts, behind a seed of that store', async () => {
    site.put('nks-a', { cache: CACHE, packages: ['hello'] });
    await serves();
  });

  it('is planned so, and comes back when it was killed meanwhile', async () => {
    await controller.kill();
    await docker.stop(keeper);
    const { code, out } = await site.plan();
    expect({ code, out }).toEqual({
      code: 2,
      out: expect.stringMatching(new RegExp(`create container ${keeper}\\.seed from ${IMAGE}:1.*store of its own`)),
    });
    controller = site.start();
    await serves();
  });

  it('changes to another image', async () => {
    putCache(site, CACHE, server, { image: `${IMAGE}:2` });
    await eventually(async () => expect((await docker.container(keeper)).Config.Image).toBe(`${IMAGE}:2`), {
      withinMs: LONG,
    });
    await serves();
    expect(await inKeeper(`cat ${SECOND}/words`)).toBe('more');
  });

  it('outlives a clear of its cache', async () => {
    await inKeeper('echo rubbish > /nix/rubbish');
    expect(await site.command('cache', 'clear', CACHE, '--force', '--state-dir', site.state)).toMatchObject({
      code: 0,
    });
    await serves();
    expect(await inKeeper('ls /nix')).not.toContain('rubbish');
  });

  it('is made anew with its volume', async () => {
    await controller.kill();
    for (const name of ['workspace-nks-a', keeper]) await docker.remove(name);
    await docker.removeVolume(volume);
    controller = site.start();
    await serves();
  });
});
