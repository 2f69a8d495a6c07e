import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Workspace } from '../../controller/model/workspace.generated.js';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { healthyWhen, NO_CACHE } from '../support/e2e/kalpana-specs.js';

const MIB = 1024 * 1024;
const site = createSite('recr', testEngineHost(), NO_CACHE);
const { docker } = site;
let kalpana: Kalpana;

/** Changes another workspace and waits for it: whatever was due has had its turn by then. */
let marks = 0;
async function mark(): Promise<void> {
  marks += 1;
  site.put('recr-marker', { env: [{ name: 'MARK', value: String(marks) }] });
  await eventually(
    async () => expect((await docker.container('workspace-recr-marker')).Config.Env).toContain(`MARK=${marks}`),
    { withinMs: 20_000 },
  );
  await kalpana.ready('recr-marker');
}

const only = (name: string) => [`workspace-${name}: running`];

beforeAll(async () => {
  site.secret('token', 'first-value-1');
  kalpana = site.start();
  site.put('recr-marker', { env: [{ name: 'MARK', value: '0' }] });
  await kalpana.ready('recr-marker');
});

describe('recreation', () => {
  it('an image change swaps the container, keeps the data in /workspace and leaves nothing over', async () => {
    const name = site.put('recr-image');
    await kalpana.ready(name);
    const { Id } = await docker.container(`workspace-${name}`);
    await docker.sh(`workspace-${name}`, 'echo kept > /workspace/file');
    site.put(name, { image: 'kalpana/test:2' });
    await eventually(
      async () => expect((await docker.container(`workspace-${name}`)).Config.Image).toBe('kalpana/test:2'),
      { withinMs: 20_000 },
    );
    await kalpana.ready(name);
    expect((await docker.container(`workspace-${name}`)).Id).not.toBe(Id);
    expect(await docker.read(`workspace-${name}`, '/workspace/file')).toBe('kept');
    expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual(only(name));
    expect(await docker.containerOrNull(Id)).toBeNull();
  });

  const bad: readonly {
    what: string;
    slug: string;
    spec: Partial<Workspace['spec']>;
    reason: string;
    message: RegExp;
  }[] = [
    // The init process starts, and finds no program: that is how the engine sees it.
    {
      what: 'a command that does not exist',
      slug: 'no-command',
      spec: { command: ['/no/such/program'] },
      reason: 'ReplacementFailed',
      message: /exit code 127/,
    },
    {
      what: 'a command that ends at once',
      slug: 'ends',
      spec: { command: ['sh', '-c', 'exit 7'] },
      reason: 'ReplacementFailed',
      message: /exit code 7/,
    },
    {
      what: 'a failing health check',
      slug: 'unhealthy',
      spec: { healthcheck: healthyWhen('false') },
      reason: 'ReplacementFailed',
      message: /did not get healthy/,
    },
    {
      what: 'a mount the engine cannot make',
      slug: 'no-mount',
      spec: { mounts: [{ type: 'bind', source: site.dir, target: '/etc/passwd' }] },
      reason: 'StartFailed',
      message: /not a directory/,
    },
  ];

  describe('roll-back of a change that does not come up', () => {
    const names = bad.map(({ slug }) => `recr-${slug}`);
    const before = new Map<string, string>();
    const startedAt = new Map<string, string>();

    beforeAll(async () => {
      for (const name of names) site.put(name);
      await kalpana.ready(...names);
      for (const name of names) {
        before.set(name, (await docker.container(`workspace-${name}`)).Id);
        await docker.sh(`workspace-${name}`, 'echo kept > /workspace/file');
      }
      for (const { slug, spec } of bad) site.put(`recr-${slug}`, spec);
    });

    it.each(bad)('$what leaves the old container running and reports the reason', async ({ slug, reason, message }) => {
      const name = `recr-${slug}`;
      await kalpana.until(name, { reason, message: expect.stringMatching(message) });
      await eventually(async () => expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual(only(name)), {
        withinMs: 20_000,
      });
      const { Id, State } = await docker.container(`workspace-${name}`);
      expect(Id).toBe(before.get(name));
      expect(await docker.read(Id, '/workspace/file')).toBe('kept');
      expect((await kalpana.status(name)).phase).toBe('Degraded');
      startedAt.set(name, State.StartedAt);
    });

    inLongRuns('simulation laws: nothing is tried again', () =>
      it('is not tried again before the spec changes, nor after a restart of the controller', async () => {
        await mark();
        await kalpana.stop();
        kalpana = site.start({ resync: 0.5 });
        await mark();
        for (const { slug, reason } of bad) {
          const name = `recr-${slug}`;
          await kalpana.until(name, { phase: 'Degraded', reason });
          expect(await docker.container(`workspace-${name}`)).toMatchObject({
            Id: before.get(name),
            State: { Status: 'running', StartedAt: startedAt.get(name) },
          });
          expect(kalpana.logs().filter(({ msg, key }) => msg === 'operation' && key === name)).toEqual([]);
        }
      }),
    );

    it('heals with a good spec', async () => {
      for (const name of names) site.put(name, { env: [{ name: 'GOOD', value: 'yes' }] });
      for (const name of names) {
        await eventually(
          async () => expect((await docker.container(`workspace-${name}`)).Config.Env).toContain('GOOD=yes'),
          { withinMs: 30_000 },
        );
        await kalpana.ready(name);
        expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual(only(name));
        expect(await docker.read(`workspace-${name}`, '/workspace/file')).toBe('kept');
      }
    });
  });

  inLongRuns('simulation laws: from a replacement that cannot start, crash-points', () =>
    it('a first container that cannot start is reported, not tried again and again, and heals with a good spec', async () => {
      const name = site.put('recr-first', { mounts: [{ type: 'bind', source: site.dir, target: '/etc/passwd' }] });
      await kalpana.until(name, {
        phase: 'Stalled',
        reason: 'StartFailed',
        message: expect.stringMatching(/not a directory/),
      });
      await mark();
      expect(kalpana.logs().filter(({ msg, key }) => msg === 'operation failed' && key === name)).toHaveLength(1);
      site.put(name);
      await kalpana.ready(name);
      expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual(only(name));
    }),
  );
});

describe('a change in place', () => {
  it('of cpus, memory, pids and restart policy keeps the container', async () => {
    const name = site.put('recr-place', { resources: { cpus: 0.5, memory: '64Mi', pids: 50 } });
    await kalpana.ready(name);
    const { Id, State } = await docker.container(`workspace-${name}`);
    site.put(name, { resources: { cpus: 1, memory: '96Mi', pids: 70 }, restartPolicy: 'on-failure' });
    await eventually(
      async () => {
        expect((await docker.container(`workspace-${name}`)).HostConfig).toMatchObject({
          NanoCpus: 1e9,
          Memory: 96 * MIB,
          PidsLimit: 70,
          RestartPolicy: { Name: 'on-failure' },
        });
      },
      { withinMs: 20_000 },
    );
    expect(await docker.container(`workspace-${name}`)).toMatchObject({ Id, State: { StartedAt: State.StartedAt } });
    await kalpana.ready(name);
    expect(await site.plan()).toMatchObject({ out: expect.not.stringContaining(name) });
  });
});

describe('a secret file', () => {
  const name = 'recr-secret';
  const container = `workspace-${name}`;
  const env = [{ name: 'TOKEN', valueFrom: { secretFile: 'token' } }];

  it('that changed recreates the container with the new value', async () => {
    site.put(name, { env });
    await kalpana.ready(name);
    expect((await docker.container(container)).Config.Env).toContain('TOKEN=first-value-1');
    site.secret('token', 'second-value-2');
    await eventually(
      async () => expect((await docker.container(container)).Config.Env).toContain('TOKEN=second-value-2'),
      { withinMs: 20_000 },
    );
    await kalpana.ready(name);
    expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual(only(name));
    expect(kalpana.err()).toContain('secret file token changed');
    expect(kalpana.err()).not.toMatch(/(first|second)-value/);
  });

  inLongRuns('unit source/secrets, resolve-workspace', () =>
    it('that is missing is reported, and the running container kept', async () => {
      const { Id } = await docker.container(container);
      site.secret('other', 'x');
      site.put(name, { env: [{ name: 'TOKEN', valueFrom: { secretFile: 'gone' } }] });
      await eventually(
        async () => {
          expect(await kalpana.condition(name, 'SpecValid')).toMatchObject({
            status: 'False',
            message: expect.stringContaining('"gone"'),
          });
        },
        { withinMs: 20_000 },
      );
      await mark();
      expect(await docker.container(container)).toMatchObject({ Id, State: { Status: 'running' } });
      const fresh = site.put('recr-secretless', { env: [{ name: 'TOKEN', valueFrom: { secretFile: 'gone' } }] });
      await kalpana.until(fresh, { reason: 'SecretUnreadable', message: expect.stringContaining('"gone"') });
      expect(await docker.containerOrNull(`workspace-${fresh}`)).toBeNull();
      site.secret('gone', 'found-3');
      await kalpana.ready(fresh, name);
      expect((await docker.container(`workspace-${fresh}`)).Config.Env).toContain('TOKEN=found-3');
    }),
  );
});
