import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

const site = createSite('nix-caches', testEngineHost());
const { docker } = site;
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  putCache(site, 'nc-x', server);
  putCache(site, 'nc-y', server);
  controller = site.start();
});

describe('two caches side by side', () => {
  it('have a volume, a keeper and numbers each, and share no package', async () => {
    site.put('nc-1', { cache: 'nc-x', packages: ['hello', 'tool'] });
    site.put('nc-2', { cache: 'nc-y', packages: ['hello', 'sub.inner'] });
    for (const name of ['nc-1', 'nc-2']) await controller.until(name, { phase: 'Ready' }, SLOW_MS);
    const volumes = async (container: string) =>
      (await docker.container(container)).Mounts.flatMap(({ Name, Destination }) =>
        Destination === '/nix' ? [Name] : [],
      );
    for (const [cache, workspace] of [
      ['nc-x', 'nc-1'],
      ['nc-y', 'nc-2'],
    ] as const) {
      const { keeper, volume } = cacheObjects(cache);
      expect(await volumes(keeper)).toEqual([volume]);
      expect(await volumes(`workspace-${workspace}`)).toEqual([volume]);
    }
    // Each fetched it for itself.
    expect(server.count(server.nar('hello'))).toBe(2);
    const [x, y] = [await cacheStatus(controller, 'nc-x'), await cacheStatus(controller, 'nc-y')];
    expect(x).toMatchObject({
      workspaces: ['nc-1'],
      environments: 1,
      totals: { paths: { hit: 0, fetched: 3, built: 0 } },
    });
    expect(y).toMatchObject({
      workspaces: ['nc-2'],
      environments: 1,
      totals: { paths: { hit: 0, fetched: 2, built: 0 } },
    });
    const sees = async (workspace: string, attribute: string) =>
      (await docker.sh(`workspace-${workspace}`, `test -e ${server.fixture.paths[attribute]}`)).code === 0;
    expect([
      await sees('nc-1', 'tool'),
      await sees('nc-1', 'sub.inner'),
      await sees('nc-2', 'tool'),
      await sees('nc-2', 'sub.inner'),
    ]).toEqual([true, false, false, true]);
    expect([await runs(docker, 'nc-1', 'inner'), await runs(docker, 'nc-2', 'inner')]).toEqual([null, 'inner']);
  });

  it("do not feel each other's keeper", async () => {
    const other = await docker.container(cacheObjects('nc-y').keeper);
    await docker.remove(cacheObjects('nc-x').keeper);
    await eventually(async () => expect(await keeperHands(docker, 'nc-x').id()).not.toBeNull(), { withinMs: SLOW_MS });
    await cachePhase(controller, 'nc-x', 'Ready');
    const after = await docker.container(cacheObjects('nc-y').keeper);
    expect([after.Id, after.State.StartedAt]).toEqual([other.Id, other.State.StartedAt]);
  });
});

describe("a cache's file", () => {
  const hands = keeperHands(docker, 'nc-x');
  const { volume } = cacheObjects('nc-x');

  it('removed while a workspace uses it breaks nothing that runs', async () => {
    const [workspace, keeper] = [await docker.container('workspace-nc-1'), await hands.id()];
    site.drop('cache-nc-x.json');
    await eventually(
      async () =>
        expect((await controller.status('nc-1')).conditions).toContainEqual(
          expect.objectContaining({ status: 'False', reason: 'CacheMissing' }),
        ),
      { withinMs: SLOW_MS },
    );
    await controller.kill();
    controller = site.start({ resync: 1 });
    await eventually(
      async () =>
        expect((await controller.status('nc-1')).conditions).toContainEqual(
          expect.objectContaining({ status: 'False', reason: 'CacheMissing' }),
        ),
      { withinMs: SLOW_MS },
    );
    await controller.resyncs(3);
    expect(await hands.id()).toBe(keeper);
    const after = await docker.container('workspace-nc-1');
    expect([after.Id, after.State.StartedAt]).toEqual([workspace.Id, workspace.State.StartedAt]);
    expect(await runs(docker, 'nc-1', 'tool')).toBe('hello from tool');
    putCache(site, 'nc-x', server);
    site.put('nc-1', { cache: 'nc-x', packages: ['hello', 'tool', 'big1'] });
    await eventually(async () => expect(await runs(docker, 'nc-1', 'big1')).toBe('big'), { withinMs: SLOW_MS });
    await packagesAre(controller, 'nc-1', 'Ready');
    expect((await docker.container('workspace-nc-1')).Id).toBe(workspace.Id);
  });

  it('removed when nothing uses it any more takes the keeper with it, and leaves the volume', async () => {
    site.put('nc-1', { cache: 'nc-y', packages: ['hello'] });
    await eventually(
      async () => {
        const { Mounts } = await docker.container('workspace-nc-1');
        expect(Mounts.map(({ Name }) => Name)).toContain(cacheObjects('nc-y').volume);
      },
      { withinMs: SLOW_MS },
    );
    await controller.until('nc-1', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nc-1', 'hello')).toBe('hello from hello 1.0');
    site.drop('cache-nc-x.json');
    await eventually(async () => expect(await docker.containerOrNull(hands.keeper)).toBeNull(), { withinMs: SLOW_MS });
    expect((await docker.volume(volume))?.Labels).toMatchObject({ 'kalpana.type': 'nix-cache' });
    expect(await keeperHands(docker, 'nc-y').id()).not.toBeNull();
  });

  it('that is missing holds up who names it, which is said, until it appears; what was fetched is still there', async () => {
    site.put('cc-lost', { cache: 'nc-x', packages: ['hello', 'tool'] });
    const { conditions } = await controller.until('cc-lost', {
      phase: 'Waiting',
      reason: 'CacheMissing',
      message: expect.stringContaining('there is no cache nc-x'),
    });
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: 'CacheReady', status: 'False', reason: 'CacheMissing' }),
    );
    expect(await docker.containerOrNull('workspace-cc-lost')).toBeNull();
    await controller.ready('nc-1');
    server.forget();
    putCache(site, 'nc-x', server);
    await controller.until('cc-lost', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'cc-lost', 'tool')).toBe('hello from tool');
    expect(server.nars().requests).toBe(0);
  });

  it('that never was holds up who has no packages as well, and nothing is made for it', async () => {
    site.owns(cacheObjects('cy').volume, cacheObjects('cy').keeper);
    site.put('cc-empty', { cache: 'cy' });
    await controller.until('cc-empty', { reason: 'CacheMissing' });
    expect(await docker.volume(cacheObjects('cy').volume)).toBeNull();
    site.drop('cc-empty.json');
  });
});

async function envOf(container: string): Promise<readonly string[]> {
  return (await docker.container(container)).Config.Env;
}

describe('a workspace with "cache": false', () => {
  it("has no /nix, no setting of ours, and the image's PATH", async () => {
    site.put('cc-off', { cache: false });
    await controller.ready('cc-off');
    const { Config, Mounts } = await docker.container('workspace-cc-off');
    expect(Config.Env.filter((line) => /^(PATH|NIX_|XDG_)/.test(line))).toEqual(['PATH=/bin']);
    expect(Mounts.map(({ Destination }) => Destination)).toEqual(['/workspace']);
    expect((await docker.sh('workspace-cc-off', 'ls -A /nix; ls -A /workspace')).text).toMatch(
      /^ls: \/nix: No such file or directory$/,
    );
    expect((await controller.status('cc-off')).cache).toBeNull();
    expect((await site.command('describe', 'workspace', 'cc-off', '--state-dir', site.state)).out).toMatch(
      /Cache:\s+none/,
    );
  });

  it('cannot have packages: its author hears of it with line and column', async () => {
    site.write(
      'cc-bad.json',
      '{\n  "apiVersion": "kalpana.dev/v1",\n  "kind": "Workspace",\n  "metadata": { "name": "cc-bad" },\n  "spec": { "image": "kalpana/test:1", "cache": false,\n    "packages": ["hello"] }\n}\n',
    );
    const { code, out } = await site.command('validate', join(site.specs, 'cc-bad.json'));
    expect(code).toBe(1);
    expect(out).toMatch(/cc-bad\.json:[56]:\d+: .*packages.*cache/);
    await controller.until('cc-bad', { phase: 'Stalled' });
    expect(await docker.containerOrNull('workspace-cc-bad')).toBeNull();
    site.drop('cc-bad.json');
  });

  inLongRuns('simulation caches: a cache given and taken; unit plan/diff', () =>
    it('can be given a cache, and have it taken again', async () => {
      site.put('cc-off', { cache: 'nc-y', packages: ['hello'] });
      await eventually(
        async () => expect((await docker.sh('workspace-cc-off', 'hello')).text).toBe('hello from hello 1.0'),
        { withinMs: 60_000 },
      );
      await controller.ready('cc-off');
      site.put('cc-off', { cache: false });
      await eventually(
        async () =>
          expect((await envOf('workspace-cc-off')).filter((line) => /^(PATH|NIX_)/.test(line))).toEqual(['PATH=/bin']),
        { withinMs: 60_000 },
      );
      await controller.ready('cc-off');
    }),
  );
});

inLongRuns('simulation caches: a move to another cache', () =>
  describe('a workspace that moves to another cache', () => {
    it('is served by the old one until its packages are in the new one', async () => {
      site.put('cc-move', { cache: 'nc-y', packages: ['hello'] });
      await controller.ready('cc-move');
      const before = await docker.container('workspace-cc-move');
      const held = server.fault({ paths: server.nar('twin'), hold: true });
      site.put('cc-move', { cache: 'nc-x', packages: ['twin'] });
      await eventually(() => expect(held.hits()).toBe(1), { withinMs: 60_000 });
      const meanwhile = await docker.container('workspace-cc-move');
      expect([meanwhile.Id, meanwhile.State.Status]).toEqual([before.Id, 'running']);
      expect((await docker.sh('workspace-cc-move', 'hello')).text).toBe('hello from hello 1.0');
      held.end();
      await eventually(async () => expect((await docker.container('workspace-cc-move')).Id).not.toBe(before.Id), {
        withinMs: 60_000,
      });
      await controller.ready('cc-move');
      expect((await docker.sh('workspace-cc-move', 'twin; command -v hello')).text).toBe('twin');
      expect(
        (await docker.container('workspace-cc-move')).Mounts.find(({ Destination }) => Destination === '/nix')?.Name,
      ).toBe(cacheObjects('nc-x').volume);
      expect((await site.plan()).code).toBe(0);
    });
  }),
);

inLongRuns('unit plan/diff: the packages are not on its PATH; recreation: a container is replaced', () =>
  describe('a container from before packages came from a cache', () => {
    it('is replaced once', async () => {
      site.put('cc-old', { cache: 'nc-y', packages: ['hello'] });
      await controller.ready('cc-old');
      await controller.stop();
      const made = await docker.container('workspace-cc-old');
      const { packagesFrom, ...spec } = JSON.parse(made.Config.Labels['kalpana.spec'] ?? '{}') as Record<
        string,
        unknown
      >;
      expect(packagesFrom).toBeDefined();
      await docker.remove('workspace-cc-old');
      await docker.create('workspace-cc-old', {
        Image: 'kalpana/test:1',
        Labels: {
          ...made.Config.Labels,
          'kalpana.spec': JSON.stringify(spec),
          'kalpana.spec-hash': 'v2:00000000000000000000000000000000',
        },
        HostConfig: {
          Init: true,
          NetworkMode: 'kalpana-workspaces',
          ShmSize: made.HostConfig.ShmSize,
          RestartPolicy: made.HostConfig.RestartPolicy,
          PidsLimit: made.HostConfig.PidsLimit,
          Memory: made.HostConfig.Memory,
          NanoCpus: made.HostConfig.NanoCpus,
          Binds: made.Mounts.map(({ Name, Destination, RW }) => `${Name}:${Destination}:${RW ? 'rw' : 'ro,nocopy'}`),
        },
      });
      await docker.start('workspace-cc-old');
      const before = await docker.container('workspace-cc-old');
      expect((await docker.sh('workspace-cc-old', 'hello')).code).toBe(127);
      const { code, out } = await site.plan();
      expect(code).toBe(2);
      expect(out).toContain(
        'create container workspace-cc-old.next from kalpana/test:1  # the packages of the cache are not on its PATH',
      );
      controller = site.start();
      await eventually(async () => expect((await docker.container('workspace-cc-old')).Id).not.toBe(before.Id), {
        withinMs: 60_000,
      });
      await controller.ready('cc-old');
      expect((await docker.sh('workspace-cc-old', 'hello')).text).toBe('hello from hello 1.0');
      expect((await site.plan()).code).toBe(0);
    });
  }),
);
