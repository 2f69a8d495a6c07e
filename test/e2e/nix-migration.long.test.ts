import { readdirSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { startScratchEngine, testEngineHost, type ScratchEngine } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { makeSite, type Site } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { KEEPER_IMAGE, importKeeper } from '../support/nix/images.js';
import { cacheStatus } from '../support/nix/site.js';
import { importStoreImage, storePath, trusted } from '../support/nix/store-images.js';

// In each run test/simulation/caches kills the controller at every call of this (a volume of the replaced system),
// nix-caches replaces a container from before packages came from a cache, and adoption one of the replaced system.

const VOLUME = 'kalpana-nix-store';
const KEEPER = 'kalpana-nix-keeper-default';
const OLD = storePath('old-1.0').slice('/nix/store/'.length);
const LONG = 90_000;
let engine: ScratchEngine;
let server: TestNixCache;
let site: Site;
let round = 0;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  engine = await startScratchEngine();
  await importKeeper(engine.host);
});

/** An engine as the replaced system left it: nothing of ours, its volume with a bare store. */
beforeEach(async () => {
  if (site) {
    await site.wipe();
    for (const id of await site.docker.ids('kalpana.managed=true')) await site.docker.remove(id);
    for (const volume of await site.docker.volumes('kalpana.managed=true')) await site.docker.removeVolume(volume);
  }
  round += 1;
  site = makeSite(`mig${round}`, engine.host);
  writeCache();
  await site.docker.createVolume(VOLUME, { 'kalpana.shared': 'true', 'kalpana.managed': 'true' });
  const filler = await site.docker.create('filler', { HostConfig: { Init: true, Binds: [`${VOLUME}:/nix/store`] } });
  await site.docker.start(filler);
  await site.docker.sh(
    filler,
    `mkdir -p /nix/store/${OLD}/bin /nix/store/.links; echo old > /nix/store/${OLD}/words; chmod -R a-w /nix/store/${OLD}`,
  );
  await site.docker.remove(filler);
});

function writeCache(more: object = {}): void {
  const { nixpkgs, cache, publicKey } = server.fixture;
  const mounts = [
    ['/nixpkgs', nixpkgs],
    ['/binary-cache', cache],
  ].map(([target, source]) => ({ type: 'bind', source, target, readOnly: true }));
  const spec = {
    image: KEEPER_IMAGE,
    nixpkgs: '/nixpkgs',
    mounts,
    substituters: ['file:///binary-cache'],
    trustedPublicKeys: [publicKey],
    ...more,
  };
  site.write(
    'cache.json',
    JSON.stringify({ apiVersion: 'kalpana.dev/v1', kind: 'NixCache', metadata: { name: 'default' }, spec }),
  );
}

/** A workspace of the replaced system that runs on the bare store. */
async function legacy(name: string, container = `workspace-${name}`, image = 'kalpana/test:1'): Promise<string> {
  const labels = { 'kalpana.managed': 'true', 'kalpana.workspace.id': name };
  await site.docker.createVolume(`kalpana-workspace-${name}`, labels);
  const id = await site.docker.create(container, {
    Image: image,
    Labels: labels,
    HostConfig: { Init: true, Binds: [`kalpana-workspace-${name}:/workspace`, `${VOLUME}:/nix/store`] },
  });
  await site.docker.start(id);
  expect(await site.docker.sh(id, `echo precious > /workspace/file; cat /nix/store/${OLD}/words`)).toEqual({
    code: 0,
    text: 'old',
  });
  return id;
}

/** Names at the volume's root, past every container. */
async function root(): Promise<string[]> {
  const at = (await site.docker.volume(VOLUME))?.Mountpoint ?? '';
  return readdirSync(at).sort();
}

async function expectSound(...names: readonly string[]): Promise<void> {
  expect(await root()).toEqual(['store', 'var']);
  expect(
    (await site.docker.sh(KEEPER, 'NIX_REMOTE=local HOME=/tmp nix-store --verify --check-contents 2>&1')).text,
  ).not.toMatch(/error|modified|missing/i);
  for (const name of names) {
    const now = await site.docker.container(`workspace-${name}`);
    expect(now.Mounts.map(({ Destination, RW }) => `${Destination} ${RW ? 'rw' : 'ro'}`).sort()).toEqual([
      '/nix ro',
      '/workspace rw',
    ]);
    expect(await site.docker.list(`kalpana.workspace.id=${name}`)).toEqual([`workspace-${name}: running`]);
    expect(await site.docker.read(now.Id, '/workspace/file')).toBe('precious');
  }
  expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
}

const migrating = {
  phase: 'Waiting',
  conditions: expect.arrayContaining([
    expect.objectContaining({ type: 'Ready', status: 'False', reason: 'CacheMigrating' }),
  ]),
};

async function keeperIsMade(): Promise<void> {
  expect(await site.docker.containerOrNull(KEEPER)).not.toBeNull();
}

async function readyAll(controller: Kalpana, ...names: readonly string[]): Promise<void> {
  for (const name of names) await controller.until(name, { phase: 'Ready' }, LONG);
}

describe('the replaced system', () => {
  it('gives way: its workspaces are replaced, then its store, then packages come; a killed controller is no hindrance', async () => {
    writeCache(trusted(await importStoreImage(engine.host, { reference: 'kalpana/old:1' })));
    const names = ['mig-a', 'mig-b', 'mig-c', 'mig-stopped', 'mig-own', 'mig-needs', 'mig-stop'];
    for (const name of names) {
      const id = await legacy(name);
      // By a person, who wants it back.
      if (name === 'mig-stopped') await site.docker.stop(id);
    }
    site.put('mig-a', { packages: ['hello'] });
    site.put('mig-b', { packages: ['tool'] });
    site.put('mig-c');
    site.put('mig-stopped', { packages: ['hello'] });
    // These two cannot run at all on the bare store, the one for its image and the other for its packages.
    site.put('mig-own', { image: 'kalpana/old:1', packages: ['hello'] });
    site.put('mig-needs', { packages: ['hello'], command: ['sh', '-c', 'hello && exec sleep infinity'] });
    site.put('mig-stop', { packages: ['hello'], state: 'Stopped' });
    const first = site.start();
    await eventually(keeperIsMade, { withinMs: LONG });
    const { items } = await first.ask<{ items: { reason: string; message: string }[] }>('/api/v1/events?cache=default');
    expect(items).toContainEqual(
      expect.objectContaining({ reason: 'CacheMigrating', message: expect.stringContaining('workspace-mig-a') }),
    );
    await first.kill();
    const controller = site.start();
    await readyAll(controller, ...names.slice(0, -1));
    await controller.until('mig-stop', { phase: 'Stopped' }, LONG);
    expect(await root()).toEqual(['store', 'var']);
    site.put('mig-stop', { packages: ['hello'] });
    await readyAll(controller, 'mig-stop');
    for (const name of ['mig-a', 'mig-stopped', 'mig-needs', 'mig-stop'])
      expect((await site.docker.sh(`workspace-${name}`, 'hello')).text).toBe('hello from hello 1.0');
    expect((await site.docker.sh('workspace-mig-b', 'tool')).text).toBe('hello from tool');
    expect((await site.docker.sh('workspace-mig-own', 'words; hello')).text).toBe(
      'words of the imagehello from hello 1.0',
    );
    await expectSound(...names);
  });

  it('is left as it is while a container that no spec names uses it, and the condition names that one', async () => {
    const stranger = await legacy('mig-stranger');
    await legacy('mig-d');
    site.put('mig-d', { packages: ['hello'] });
    site.put('mig-new', { packages: ['tool'] });
    const controller = site.start({ resync: 1 });
    await eventually(
      async () => {
        const status = await cacheStatus(controller, 'default');
        expect(status).toMatchObject(migrating);
        expect(status.conditions.find(({ type }) => type === 'Ready')?.message).toMatch(
          /still serves workspace-mig-stranger\./,
        );
      },
      { withinMs: LONG },
    );
    await controller.until(
      'mig-new',
      { reason: 'CacheMigrating', message: expect.stringContaining('workspace-mig-stranger') },
      LONG,
    );
    await controller.resyncs(1);
    expect(await site.docker.containerOrNull(KEEPER)).toBeNull();
    expect(await root()).toEqual(['.links', OLD]);
    expect(await site.docker.sh(stranger, `cat /nix/store/${OLD}/words`)).toEqual({ code: 0, text: 'old' });
    // Stopped, it still has the volume, and may be started again.
    await site.docker.stop(stranger);
    await controller.resyncs(1);
    expect(await root()).toEqual(['.links', OLD]);
    await site.docker.remove(stranger);
    await readyAll(controller, 'mig-d', 'mig-new');
    expect((await site.docker.sh('workspace-mig-d', 'hello')).text).toBe('hello from hello 1.0');
    await expectSound('mig-d');
  });

  it.each([
    [
      'as soon as a new container is made',
      async () => expect(await site.docker.containerOrNull('workspace-mig-k.next')).not.toBeNull(),
    ],
    [
      'as soon as an old one is gone',
      async () =>
        expect(
          (await site.docker.containerOrNull('workspace-mig-k'))?.Config.Labels['kalpana.controller'],
        ).toBeDefined(),
    ],
    ['as soon as the keeper is made', keeperIsMade],
    ['as soon as the old store goes', async () => expect(await root()).not.toContain(OLD)],
  ])('a controller killed %s: the next one ends it', async (_when, point) => {
    for (const name of ['mig-k', 'mig-l']) {
      await legacy(name);
      site.put(name, { packages: ['hello'] });
    }
    const first = site.start();
    await eventually(point, { withinMs: LONG });
    await first.kill();
    const controller = site.start();
    await readyAll(controller, 'mig-k', 'mig-l');
    expect((await site.docker.sh('workspace-mig-l', 'hello')).text).toBe('hello from hello 1.0');
    await expectSound('mig-k', 'mig-l');
  });
});
