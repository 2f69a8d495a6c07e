import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workspace } from '../../controller/model/workspace.generated.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { healthyWhen } from '../support/e2e/kalpana-specs.js';

const SECRET = 'hunter2-e2e-4f9c1d';
const MIB = 1024 * 1024;
const site = createSite('conv', testEngineHost());
const NAME = 'conv-alice';
const CONTAINER = `workspace-${NAME}`;

function alice(): Partial<Workspace['spec']> {
  return {
    image: 'kalpana/test:1',
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', 'touch /workspace/up && exec sleep infinity'],
    state: 'Running',
    cache: 'default',
    env: [
      { name: 'EDITOR', value: 'vim' },
      { name: 'GITHUB_TOKEN', valueFrom: { secretFile: 'github-token' } },
    ],
    ports: [{ name: 'editor', containerPort: 8080, hostIP: '127.0.0.1' }],
    resources: { cpus: 0.5, memory: '64Mi', pids: 64, shm: '32Mi' },
    storage: { mountPath: '/workspace', reclaimPolicy: 'Retain' },
    sharedVolumes: [{ name: 'conv-extensions', mountPath: '/root/.local/share/code-server/extensions' }],
    mounts: [{ type: 'bind', source: join(site.dir, 'datasets'), target: '/datasets', readOnly: true }],
    healthcheck: healthyWhen('test -e /workspace/up'),
    restartPolicy: 'unless-stopped',
  };
}

/** All text in a directory's files, for a search. */
function textBelow(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
}

describe('a first spec, from a JSON file to a running workspace', () => {
  let kalpana: Kalpana;
  let planBefore: string;
  beforeAll(async () => {
    site.owns('kalpana-conv-extensions');
    mkdirSync(join(site.dir, 'datasets'));
    writeFileSync(join(site.dir, 'datasets/set.csv'), 'a,b\n');
    site.secret('github-token', `${SECRET}\n`);
    site.put(NAME, alice(), 'alice.json');
    const plan = await site.plan();
    expect(plan.code).toBe(2);
    planBefore = plan.out + plan.err;
    kalpana = site.start();
    await kalpana.ready(NAME);
  });

  it('gives the container init, limits, restart policy, command and environment', async () => {
    const { Config, HostConfig, State } = await site.docker.container(CONTAINER);
    expect(State.Status).toBe('running');
    expect(Config).toMatchObject({
      Image: 'kalpana/test:1',
      Cmd: ['sh', '-c', 'touch /workspace/up && exec sleep infinity'],
    });
    expect(Config.Env).toEqual(expect.arrayContaining(['EDITOR=vim', `GITHUB_TOKEN=${SECRET}`]));
    expect(HostConfig).toMatchObject({
      Init: true,
      NanoCpus: 0.5e9,
      Memory: 64 * MIB,
      PidsLimit: 64,
      ShmSize: 32 * MIB,
      RestartPolicy: { Name: 'unless-stopped' },
    });
    expect((await site.docker.sh(CONTAINER, 'cat /proc/1/comm; echo "$EDITOR"')).text).toMatch(
      /^(docker-init|tini)\nvim$/,
    );
  });

  it('names and labels container and volumes as the contract says', async () => {
    const { Labels } = (await site.docker.container(CONTAINER)).Config;
    expect(Labels).toMatchObject({
      'kalpana.managed': 'true',
      'kalpana.workspace.id': NAME,
      'kalpana.controller': 'conv',
      'kalpana.spec-hash': expect.stringMatching(/^v\d+:[0-9a-f]{16,}$/),
    });
    expect(JSON.parse(Labels['kalpana.spec'] ?? '')).toMatchObject({ image: 'kalpana/test:1' });
    expect((await site.docker.volume(`kalpana-workspace-${NAME}`))?.Labels).toMatchObject({
      'kalpana.managed': 'true',
      'kalpana.workspace.id': NAME,
      'kalpana.type': 'workspace-data',
      'kalpana.reclaim-policy': 'Retain',
    });
    expect((await site.docker.volume('kalpana-nix-store'))?.Labels).toEqual({
      'kalpana.shared': 'true',
      'kalpana.managed': 'true',
      'kalpana.type': 'nix-cache',
    });
    expect((await site.docker.volume('kalpana-conv-extensions'))?.Labels).toEqual({
      'kalpana.shared': 'true',
      'kalpana.managed': 'true',
      'kalpana.type': 'shared-volume',
    });
  });

  it('mounts the cache read-only at /nix, the data at /workspace, the shared volume and the bind', async () => {
    const mounts = (await site.docker.container(CONTAINER)).Mounts.map(
      ({ Type, Name, Source, Destination, RW }) => `${Destination} <- ${Type} ${Name ?? Source} ${RW ? 'rw' : 'ro'}`,
    );
    expect(mounts.sort()).toEqual([
      `/datasets <- bind ${join(site.dir, 'datasets')} ro`,
      '/nix <- volume kalpana-nix-store ro',
      '/root/.local/share/code-server/extensions <- volume kalpana-conv-extensions rw',
      `/workspace <- volume kalpana-workspace-${NAME} rw`,
    ]);
    expect(await site.docker.read(CONTAINER, '/datasets/set.csv')).toBe('a,b');
    expect((await site.docker.sh(CONTAINER, 'touch /nix/x')).code).not.toBe(0);
    expect((await site.docker.sh(CONTAINER, 'touch /workspace/x')).code).toBe(0);
  });

  it('puts it on the network kalpana-workspaces, where containers do not reach each other', async () => {
    const { HostConfig, NetworkSettings } = await site.docker.container(CONTAINER);
    expect(HostConfig.NetworkMode).toBe('kalpana-workspaces');
    expect(Object.keys(NetworkSettings.Networks)).toEqual(['kalpana-workspaces']);
    const { Labels, Options } = await site.docker.network('kalpana-workspaces');
    expect(Labels).toEqual({ 'kalpana.managed': 'true' });
    expect(Options).toMatchObject({ 'com.docker.network.bridge.enable_icc': 'false' });
  });

  it('is Ready once its health check says so, with conditions that tell it', async () => {
    expect((await site.docker.container(CONTAINER)).State.Health?.Status).toBe('healthy');
    // It needs no packages, so it does not wait for the cache.
    const { container, specHash } = await eventually(
      async () => {
        const status = await kalpana.status(NAME);
        expect(status.conditions.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
          'SpecValid=True',
          'CacheReady=True',
          'PackagesReady=True',
          'ContainerReady=True',
          'Ready=True',
        ]);
        return status;
      },
      { withinMs: 60_000 },
    );
    expect(container).toMatchObject({ image: 'kalpana/test:1', state: 'running', health: 'healthy' });
    expect(specHash).toBe((await site.docker.container(CONTAINER)).Config.Labels['kalpana.spec-hash']);
  });

  it('leaves nothing to plan, and says so', async () => {
    expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
  });

  it('shows the secret to nobody but the process: no label, log, plan, error, state file or API answer', async () => {
    const { Labels } = (await site.docker.container(CONTAINER)).Config;
    const answers = await Promise.all(
      ['/api/v1/workspaces', `/api/v1/workspaces/${NAME}`, '/api/v1/events', '/api/v1/sources'].map((path) =>
        kalpana.ask<unknown>(path),
      ),
    );
    const planJson = await site.plan('-o', 'json');
    const shown = {
      Labels: JSON.stringify(Labels),
      log: kalpana.err(),
      out: kalpana.out(),
      planBefore,
      planJson: planJson.out,
      answers: JSON.stringify(answers),
      state: textBelow(site.state),
    };
    for (const text of Object.values(shown)) {
      expect(text.length).toBeGreaterThan(0);
      expect(text).not.toContain(SECRET);
    }
  });

  it('state: Stopped stops the container and keeps it, Running starts the same one', async () => {
    const { Id } = await site.docker.container(CONTAINER);
    site.put(NAME, { ...alice(), state: 'Stopped' }, 'alice.json');
    await kalpana.until(NAME, { phase: 'Stopped' });
    expect(await site.docker.container(CONTAINER)).toMatchObject({ Id, State: { Status: 'exited' } });
    site.put(NAME, alice(), 'alice.json');
    await eventually(async () => expect((await site.docker.container(CONTAINER)).State.Status).toBe('running'), {
      withinMs: 20_000,
    });
    await kalpana.ready(NAME);
    expect((await site.docker.container(CONTAINER)).Id).toBe(Id);
  });

  it('cache: false leaves /nix out', async () => {
    const name = site.put('conv-bare', { cache: false });
    await kalpana.ready(name);
    expect((await site.docker.container(`workspace-${name}`)).Mounts.map(({ Destination }) => Destination)).toEqual([
      '/workspace',
    ]);
  });
});
