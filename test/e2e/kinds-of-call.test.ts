import { beforeAll, describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { healthyWhen, NO_CACHE } from '../support/e2e/kalpana-specs.js';

// Shows that an engine of another release is supported: each kind of change once. The variants are in recreation,
// images, convergence and removal.
const site = createSite('kinds', testEngineHost(), NO_CACHE);
const { docker } = site;
const NAME = 'kinds-one';
const CONTAINER = `workspace-${NAME}`;
const MIB = 1024 * 1024;
const HEALTHY = { healthcheck: healthyWhen('true') };
let kalpana: Kalpana;

beforeAll(async () => {
  kalpana = site.start();
  site.put(NAME, HEALTHY);
  await kalpana.ready(NAME);
  await docker.sh(CONTAINER, 'echo kept > /workspace/file');
});

async function expectAlone(): Promise<void> {
  await eventually(async () => expect(await docker.list(site.label)).toEqual([`${CONTAINER}: running`]), {
    withinMs: 20_000,
  });
  expect(await docker.read(CONTAINER, '/workspace/file')).toBe('kept');
}

describe('a workspace', () => {
  it('is made, on its network and with its volume', async () => {
    expect(await docker.container(CONTAINER)).toMatchObject({
      HostConfig: { NetworkMode: 'kalpana-workspaces', Init: true },
      State: { Health: { Status: 'healthy' } },
      Mounts: [{ Name: `kalpana-workspace-${NAME}`, Destination: '/workspace', RW: true }],
    });
    expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
  });

  it('is changed in place', async () => {
    const { Id, State } = await docker.container(CONTAINER);
    site.put(NAME, { ...HEALTHY, resources: { cpus: 1, memory: '96Mi', pids: 70 }, restartPolicy: 'on-failure' });
    await eventually(
      async () =>
        expect((await docker.container(CONTAINER)).HostConfig).toMatchObject({
          NanoCpus: 1e9,
          Memory: 96 * MIB,
          PidsLimit: 70,
          RestartPolicy: { Name: 'on-failure' },
        }),
      { withinMs: 20_000 },
    );
    expect(await docker.container(CONTAINER)).toMatchObject({ Id, State: { StartedAt: State.StartedAt } });
  });

  it('is replaced, and keeps its data', async () => {
    const { Id } = await docker.container(CONTAINER);
    site.put(NAME, { image: 'kalpana/test:2' });
    await eventually(async () => expect((await docker.container(CONTAINER)).Config.Image).toBe('kalpana/test:2'), {
      withinMs: 20_000,
    });
    await kalpana.ready(NAME);
    expect(await docker.containerOrNull(Id)).toBeNull();
    await expectAlone();
  });

  it.each([
    ['that ends at once', { command: ['sh', '-c', 'exit 7'] }, 'ReplacementFailed', /exit code 7/],
    [
      'that the engine cannot start',
      { mounts: [{ type: 'bind' as const, source: site.dir, target: '/etc/passwd' }] },
      'StartFailed',
      /not a directory/,
    ],
    ['of an image that cannot be pulled', { image: '127.0.0.1:1/kinds:1' }, 'ImagePullFailed', /connection refused/],
  ])('is rolled back from one %s', async (_what, spec, reason, message) => {
    const { Id } = await docker.container(CONTAINER);
    site.put(NAME, spec);
    await kalpana.until(NAME, { phase: 'Degraded', reason, message: expect.stringMatching(message) });
    await expectAlone();
    expect((await docker.container(CONTAINER)).Id).toBe(Id);
  });

  it('is mended, and started again when it ends', async () => {
    site.put(NAME);
    await kalpana.ready(NAME);
    await docker.kill(CONTAINER);
    await kalpana.log({ msg: 'drift', key: NAME, field: 'state' });
    await kalpana.ready(NAME);
    await expectAlone();
  });

  it('goes with its spec, and leaves its volume', async () => {
    site.drop(`${NAME}.json`);
    await eventually(async () => expect(await docker.list(site.label)).toEqual([]), { withinMs: 20_000 });
    expect(await docker.volume(`kalpana-workspace-${NAME}`)).not.toBeNull();
  });
});
