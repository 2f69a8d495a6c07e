import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inLongRuns, variants } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Finished, Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';
import { importStoreImage, trusted } from '../support/nix/store-images.js';

const host = testEngineHost();
const site = createSite('nix-clear', host);
const { docker } = site;
const CACHE = 'nc';
const { keeper, volume } = cacheObjects(CACHE);
const LONG = 60_000;
let server: TestNixCache;
let controller: Kalpana;
let proxy: EngineProxy;

beforeAll(async () => {
  server = await serveNixCache(host);
  proxy = await startEngineProxy(host);
  putCache(site, CACHE, server, trusted(await importStoreImage(host, { reference: 'kalpana/clear:1' })));
  controller = site.start({ host: proxy.host });
  site.put('nc-a', { cache: CACHE, packages: ['big1', 'tool'] });
  // It cannot run at all before its packages are there.
  site.put('nc-b', { cache: CACHE, packages: ['hello'], command: ['sh', '-c', 'hello && exec sleep infinity'] });
  site.put('nc-own', { cache: CACHE, image: 'kalpana/clear:1' });
});

beforeEach(async () => {
  await readyAll();
});

async function readyAll(): Promise<void> {
  for (const name of ['nc-a', 'nc-b', 'nc-own']) await controller.until(name, { phase: 'Ready' }, LONG);
}

function clear(...flags: readonly string[]): Promise<Finished> {
  return site.command('cache', 'clear', CACHE, '--state-dir', site.state, ...flags);
}

async function inKeeper(line: string): Promise<string> {
  return (await docker.sh(keeper, `export NIX_REMOTE=local HOME=/tmp; ${line}`)).text;
}

const path = (attribute: string) => server.fixture.paths[attribute] ?? '';

/** What each of them shows when it has what its spec says. */
async function expectServing(): Promise<void> {
  expect((await docker.sh('workspace-nc-a', 'tool')).text).toBe('hello from tool');
  expect((await docker.sh('workspace-nc-b', 'hello')).text).toBe('hello from hello 1.0');
  expect((await docker.sh('workspace-nc-own', 'words')).text).toBe('words of the image');
  expect(await inKeeper('nix-store --verify --check-contents 2>&1')).not.toMatch(/error|modified|missing/i);
}

describe('kalpana cache clear', () => {
  it('is refused while workspaces of the cache run, and names them', async () => {
    const before = await docker.container(keeper);
    const { code, err } = await clear();
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /workspace-nc-a, workspace-nc-b, workspace-nc-own use the cache nc: stop them, or use --force/,
      ),
    });
    expect((await docker.container(keeper)).State).toEqual(before.State);
    expect((await docker.sh('workspace-nc-a', 'tool')).text).toBe('hello from tool');
  });

  it('is refused for a cache that is none', async () => {
    expect(await site.command('cache', 'clear', 'nowhere', '--state-dir', site.state)).toMatchObject({
      code: 1,
      err: expect.stringContaining('nowhere'),
    });
  });

  it('is refused while a container that is not ours runs on the volume, forced too; nothing stops', async () => {
    const foreign = await docker.create('nc-foreign', { HostConfig: { Binds: [`${volume}:/nix:ro`] } });
    site.owns(foreign);
    await docker.start(foreign);
    const before = await docker.container('workspace-nc-a');
    expect(await clear('--force')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nc-foreign use.* not this controller's/),
    });
    expect((await docker.container('workspace-nc-a')).State).toEqual(before.State);
    await docker.remove(foreign);
  });

  it('with --force stops the workspaces, empties the cache, fetches anew and starts them again; data stays', async () => {
    const old = await Promise.all(['nc-a', 'nc-b', 'nc-own'].map((name) => docker.container(`workspace-${name}`)));
    await docker.sh('workspace-nc-a', 'echo precious > /workspace/file');
    await inKeeper('echo rubbish > /nix/rubbish; echo more > /nix/store/rubbish');
    server.forget();
    const { code, out, err } = await clear('--force');
    expect({ code, out, err }).toEqual({
      code: 0,
      out: expect.stringMatching(
        /^the cache nc is empty; workspace-nc-a, workspace-nc-b, workspace-nc-own start again\n$/,
      ),
      err: '',
    });
    await readyAll();
    await expectServing();
    const now = await Promise.all(['nc-a', 'nc-b', 'nc-own'].map((name) => docker.container(`workspace-${name}`)));
    expect(now.map(({ Id }) => Id)).toEqual(old.map(({ Id }) => Id));
    for (const [index, { State }] of now.entries())
      expect(State.StartedAt > (old[index]?.State.StartedAt ?? '')).toBe(true);
    // Once each: nothing started before what it needs was there.
    expect(now.map(({ RestartCount }) => RestartCount)).toEqual([0, 0, 0]);
    expect(
      controller
        .logs()
        .filter(({ msg, operation }) => msg === 'operation' && String(operation).startsWith('start workspace-nc-b'))
        .length,
    ).toBe(2);
    expect(await docker.read('workspace-nc-a', '/workspace/file')).toBe('precious');
    expect([
      server.count(server.nar('hello')),
      server.count(server.nar('big1')),
      server.count(server.nar('tool')),
    ]).toEqual([1, 1, 1]);
    expect(await inKeeper('ls -A /nix; ls -A /nix/store')).not.toContain('rubbish');
  });

  inLongRuns('the one with --force; unit clearing: of a cache that nobody uses; unit create-cache: is measured', () =>
    it('with none running empties it and the keeper is back', async () => {
      const full = await eventually(
        async () => {
          const { storeBytes } = await cacheStatus(controller, CACHE);
          expect(storeBytes).toBeGreaterThan(1_000_000);
          return storeBytes ?? 0;
        },
        { withinMs: LONG },
      );
      for (const name of ['nc-a', 'nc-b']) site.put(name, { cache: CACHE, packages: ['hello'], state: 'Stopped' });
      site.put('nc-own', { cache: CACHE, image: 'kalpana/clear:1', state: 'Stopped' });
      for (const name of ['nc-a', 'nc-b', 'nc-own']) await controller.until(name, { phase: 'Stopped' }, LONG);
      expect(await inKeeper(`ls -d ${path('big1')}`)).toBe(path('big1'));
      expect(await clear('-o', 'json')).toMatchObject({
        code: 0,
        out: expect.stringContaining('"the cache nc is empty"'),
      });
      await cachePhase(controller, CACHE, 'Ready');
      expect(
        await inKeeper(
          'ls -A /nix/store; ls /nix/var/nix/profiles/kalpana /nix/var/nix/gcroots/kalpana 2>/dev/null | grep -v :',
        ),
      ).not.toMatch(/-(big1|hello|tool|busybox)-|nc-a/);
      await eventually(async () => expect((await cacheStatus(controller, CACHE)).storeBytes).toBeLessThan(full / 4), {
        withinMs: 2 * LONG,
      });
      site.put('nc-a', { cache: CACHE, packages: ['big1', 'tool'] });
      site.put('nc-b', { cache: CACHE, packages: ['hello'], command: ['sh', '-c', 'hello && exec sleep infinity'] });
      site.put('nc-own', { cache: CACHE, image: 'kalpana/clear:1' });
      await readyAll();
      await expectServing();
    }),
  );

  /** Before the mark nothing has happened but stops, and after it the keeper is one that was killed. */
  const MOMENTS = ['the volume is marked', 'a workspace has stopped', 'the keeper has stopped'] as const;

  inLongRuns("unit clearing; contract keeper-watch: the volume's mark", () =>
    it.each(variants(MOMENTS))('killed when %s: the next controller brings everything back', async (when) => {
      await docker.sh('workspace-nc-a', 'echo kept > /workspace/file');
      await cachePhase(controller, CACHE, 'Ready');
      const { Id: id, State: before } = await docker.container(keeper);
      const call = when === 'the volume is marked' ? 'stop' : 'start';
      const point = proxy.hold((method, path) => method === 'POST' && path === `/containers/${id}/${call}`);
      const answer = clear('--force');
      if (when === 'a workspace has stopped')
        await eventually(async () => expect((await docker.container('workspace-nc-b')).State.Status).toBe('exited'), {
          withinMs: LONG,
        });
      else await point.reached;
      if (when === 'the keeper has stopped') expect((await docker.container(keeper)).State.Status).not.toBe('running');
      await controller.kill();
      // By itself, though nobody stops it any more: its next start empties the volume.
      if (when === 'the volume is marked')
        await eventually(
          async () => expect((await docker.container(keeper)).State.StartedAt).not.toBe(before.StartedAt),
          { withinMs: LONG },
        );
      point.letGo();
      expect((await answer).code).toBe(1);
      controller = site.start({ host: proxy.host });
      await readyAll();
      await cachePhase(controller, CACHE, 'Ready');
      // A mark that stayed would empty the store at some later start of the keeper, below workspaces that run.
      await eventually(
        async () =>
          expect(await docker.sh(keeper, 'ls /nix/var/kalpana/wipe')).toMatchObject({
            code: expect.any(Number),
            text: expect.stringContaining('No such file'),
          }),
        { withinMs: LONG },
      );
      await readyAll();
      await eventually(expectServing, { withinMs: LONG });
      expect(await docker.read('workspace-nc-a', '/workspace/file')).toBe('kept');
    }),
  );
});
