import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

const site = createSite('nix-choice', testEngineHost());
const { docker } = site;
let controller: Kalpana;
let server: TestNixCache;
let other: TestNixCache;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  other = await serveNixCache(docker.host);
  putCache(site, 'ca', server);
  controller = site.start();
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

  it('can be given a cache, and have it taken again', async () => {
    site.put('cc-off', { cache: 'ca', packages: ['hello'] });
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
  });
});

describe('a workspace of a cache that nobody defines', () => {
  it('waits, says so, and goes on when the file appears', async () => {
    site.put('cc-lost', { cache: 'cb', packages: ['hello'] });
    const { conditions } = await controller.until('cc-lost', {
      phase: 'Waiting',
      reason: 'CacheMissing',
      message: expect.stringContaining('there is no cache cb'),
    });
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: 'CacheReady', status: 'False', reason: 'CacheMissing' }),
    );
    expect(await docker.containerOrNull('workspace-cc-lost')).toBeNull();
    expect(await docker.volume(cacheObjects('cb').volume)).toBeNull();
    await controller.ready('cc-off');
    putCache(site, 'cb', other);
    await controller.ready('cc-lost');
    expect((await docker.sh('workspace-cc-lost', 'hello')).text).toBe('hello from hello 1.0');
  });

  it('waits without packages as well', async () => {
    site.owns(cacheObjects('cy').volume, cacheObjects('cy').keeper);
    site.put('cc-empty', { cache: 'cy' });
    await controller.until('cc-empty', { reason: 'CacheMissing' });
    site.drop('cc-empty.json');
  });
});

describe('a workspace that moves to another cache', () => {
  it('is served by the old one until its packages are in the new one', async () => {
    site.put('cc-move', { cache: 'ca', packages: ['hello'] });
    await controller.ready('cc-move');
    const before = await docker.container('workspace-cc-move');
    const held = other.fault({ paths: other.nar('tool'), hold: true });
    site.put('cc-move', { cache: 'cb', packages: ['tool'] });
    await eventually(() => expect(held.hits()).toBe(1), { withinMs: 60_000 });
    const meanwhile = await docker.container('workspace-cc-move');
    expect([meanwhile.Id, meanwhile.State.Status]).toEqual([before.Id, 'running']);
    expect((await docker.sh('workspace-cc-move', 'hello')).text).toBe('hello from hello 1.0');
    held.end();
    await eventually(async () => expect((await docker.container('workspace-cc-move')).Id).not.toBe(before.Id), {
      withinMs: 60_000,
    });
    await controller.ready('cc-move');
    expect((await docker.sh('workspace-cc-move', 'tool; command -v hello')).text).toBe('hello from tool');
    expect(
      (await docker.container('workspace-cc-move')).Mounts.find(({ Destination }) => Destination === '/nix')?.Name,
    ).toBe(cacheObjects('cb').volume);
    expect((await site.plan()).code).toBe(0);
  });
});

describe('a container from before packages came from a cache', () => {
  it('is replaced once', async () => {
    site.put('cc-old', { cache: 'ca', packages: ['hello'] });
    await controller.ready('cc-old');
    await controller.stop();
    const made = await docker.container('workspace-cc-old');
    const { packagesFrom, ...spec } = JSON.parse(made.Config.Labels['kalpana.spec'] ?? '{}') as Record<string, unknown>;
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
});
