import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import { inLongRuns, variants } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { HOLDS_LOCK, IS_DAEMON, SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';

const site = createSite('nix-keeper', testEngineHost());
const { docker } = site;
const CACHE = 'nk';
const { keeper, volume } = cacheObjects(CACHE);
const hands = keeperHands(docker, CACHE);
let server: TestNixCache;
let controller: Kalpana;

/** CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID and SETUID as the kernel counts them (F11). */
const CAPABILITIES = '00000000000000eb';

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  putCache(site, CACHE, server);
  controller = site.start();
  site.put('nk-a', { cache: CACHE, packages: ['hello', 'tool'] });
  await controller.until('nk-a', { phase: 'Ready' }, SLOW_MS);
});

/** The keeper runs, holds its lock and answers, and the cache says so. */
async function expectServing(): Promise<void> {
  await cachePhase(controller, CACHE, 'Ready');
  expect((await docker.container(keeper)).State.Status).toBe('running');
  // The phase may be that of the keeper before.
  await eventually(
    async () => {
      expect(await hands.freeLocks()).toEqual(['s']);
      expect((await hands.sh('NIX_REMOTE=daemon nix --extra-experimental-features nix-command store ping')).code).toBe(
        0,
      );
    },
    { withinMs: SLOW_MS },
  );
}

describe('the keeper', () => {
  it('carries its labels, and alone mounts the volume for writing', async () => {
    expect((await docker.container(keeper)).Config.Labels).toMatchObject({
      'kalpana.managed': 'true',
      'kalpana.type': 'nix-keeper',
    });
    expect((await docker.volume(volume))?.Labels).toEqual({
      'kalpana.shared': 'true',
      'kalpana.managed': 'true',
      'kalpana.type': 'nix-cache',
    });
    const writable = async (name: string) => (await docker.container(name)).Mounts.find(({ Name }) => Name === volume);
    expect(await writable(keeper)).toMatchObject({ Destination: '/nix', RW: true });
    expect(await writable('workspace-nk-a')).toMatchObject({ Destination: '/nix', RW: false });
  });

  it('has the rights that its work needs, and cannot get more', async () => {
    const { text } = await hands.sh('grep -E "^(CapBnd|CapEff|CapInh|CapAmb|NoNewPrivs)" /proc/1/status');
    expect(Object.fromEntries(text.split('\n').map((line) => line.split(/:\s+/)))).toMatchObject({
      CapBnd: CAPABILITIES,
      CapEff: CAPABILITIES,
      NoNewPrivs: '1',
    });
    expect(await call(docker.host, 'GET', `/containers/${keeper}/json`)).toMatchObject({
      HostConfig: { Privileged: false, PidMode: '', NetworkMode: 'kalpana-keepers', PortBindings: {} },
    });
  });

  it('holds the shared lock that keeps collections out, and no other', async () => {
    expect(await hands.freeLocks()).toEqual(['s']);
  });

  async function comesBack(more: string, harm: () => Promise<unknown>): Promise<void> {
    const [workspace, before] = [await docker.container('workspace-nk-a'), await docker.container(keeper)];
    await harm();
    await eventually(
      async () => {
        const { Id, State } = await docker.container(keeper);
        expect([Id, State.StartedAt]).not.toEqual([before.Id, before.State.StartedAt]);
      },
      { withinMs: SLOW_MS },
    );
    await expectServing();
    const after = await docker.container('workspace-nk-a');
    expect([after.Id, after.State.StartedAt, after.State.Status]).toEqual([
      workspace.Id,
      workspace.State.StartedAt,
      'running',
    ]);
    expect(await runs(docker, 'nk-a', 'tool')).toBe('hello from tool');
    // What it is there for.
    site.put('nk-a', { cache: CACHE, packages: more === 'hello2' ? ['hello2', 'tool'] : ['hello', 'tool', more] });
    const [program = more] = { 'sub.inner': ['inner'], hello2: ['hello'] }[more] ?? [];
    const said = { hello: 'hello from hello 2.0', big1: 'big' }[program] ?? program;
    await eventually(async () => expect(await runs(docker, 'nk-a', program)).toBe(said), { withinMs: SLOW_MS });
    await packagesAre(controller, 'nk-a', 'Ready');
    expect((await docker.container('workspace-nk-a')).Id).toBe(workspace.Id);
  }

  it.each(
    variants<[string, string, () => Promise<unknown>]>([
      ['the process that holds its lock', 'sub.inner', () => hands.killProcesses(HOLDS_LOCK)],
      ['its daemon', 'hello2', () => hands.killProcesses(IS_DAEMON)],
    ]),
  )('without %s, comes back by itself while workspaces run on', (_what, more, harm) => comesBack(more, harm));

  inLongRuns('the one above; nix-caches: a keeper that is removed; simulation caches', () =>
    it.each<[string, string, () => Promise<unknown>]>([
      ['killed', 'big1', () => docker.kill(keeper)],
      ['removed', 'twin', () => docker.remove(keeper)],
    ])('%s, comes back by itself while workspaces run on', (_what, more, harm) => comesBack(more, harm)),
  );

  inLongRuns('simulation caches: a paused keeper; drift: a paused workspace', () =>
    it('paused, is let go on', async () => {
      const { Id } = await docker.container(keeper);
      await docker.pause(keeper);
      await eventually(async () => expect((await docker.container(keeper)).State.Status).toBe('running'), {
        withinMs: SLOW_MS,
      });
      await expectServing();
      expect((await docker.container(keeper)).Id).toBe(Id);
    }),
  );

  inLongRuns('nix-caches: a file that is removed; simulation caches: looked at by nobody', () =>
    it('is left alone when all is well', async () => {
      const before = await docker.container(keeper);
      expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
      await controller.stop();
      controller = site.start({ resync: 1 });
      await controller.ready('nk-a');
      await controller.resyncs(3);
      const after = await docker.container(keeper);
      expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
    }),
  );

  inLongRuns('simulation caches: whose volume went with it is made anew', () =>
    it('is rebuilt with its volume when both are gone, and the packages with them', async () => {
      await controller.stop();
      controller = site.start({ resync: 1 });
      await controller.ready('nk-a');
      const data = await docker.sh('workspace-nk-a', 'echo mine > /workspace/file');
      expect(data.code).toBe(0);
      const inode = 'stat -c %i /nix/var/nix/db/db.sqlite';
      const before = await hands.sh(inode);
      server.forget();
      // As a person would, with the controller at work meanwhile: it may be faster, then the volume is in use again.
      await eventually(
        async () => {
          await Promise.all([keeper, `${keeper}.next`, 'workspace-nk-a'].map((name) => docker.remove(name)));
          await docker.removeVolume(volume);
        },
        { withinMs: SLOW_MS },
      );
      await eventually(async () => expect(await runs(docker, 'nk-a', 'tool')).toBe('hello from tool'), {
        withinMs: SLOW_MS,
      });
      await packagesAre(controller, 'nk-a', 'Ready');
      await controller.ready('nk-a');
      await expectServing();
      expect(server.count(server.nar('tool'))).toBe(1);
      expect(await hands.sh(inode)).not.toEqual(before);
      expect((await docker.volume(volume))?.Labels).toMatchObject({ 'kalpana.type': 'nix-cache' });
      expect(await docker.read('workspace-nk-a', '/workspace/file')).toBe('mine');
    }),
  );
});
