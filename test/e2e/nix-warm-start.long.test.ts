import { beforeAll, describe, expect, it } from '@jest/globals';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cachePhase, cacheObjects, putCache } from '../support/nix/site.js';

// In each run the demo shows what is hit and what is fetched, test/simulation/caches that a known environment needs no
// command, nix-packages that a second workspace fetches nothing, and test/unit/nix and cli what is told of it.

const site = createSite('nix-warm', testEngineHost());
const { docker } = site;
const CACHE = 'nwm';
let controller: Kalpana;
let proxy: EngineProxy;
let server: TestNixCache;

const execs = (): number =>
  proxy.calls().filter((call) => /^POST \/(containers\/[^/]+\/exec|exec\/)/.test(call)).length;
const say = async (...args: readonly string[]): Promise<string> =>
  (await site.command(...args, '--state-dir', site.state)).out;

/** A series of /metrics with these labels; 0 when there is none. */
async function metric(name: string, labels: readonly string[]): Promise<number> {
  const text = await (await fetch(`${await controller.address()}/metrics`)).text();
  const line = text
    .split('\n')
    .find(
      (one) =>
        one.startsWith(name) && /[{ ]/.test(one[name.length] ?? '') && labels.every((label) => one.includes(label)),
    );
  return Number(line?.split(' ').at(-1) ?? 0);
}

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  proxy = await startEngineProxy(docker.host);
  putCache(site, CACHE, server);
  site.put('wm-a', { cache: CACHE, packages: ['hello', 'tool'] });
});

describe('a plan', () => {
  it('says before anything runs what will be realised, and why', async () => {
    const { code, out } = await site.plan();
    expect(code).toBe(2);
    expect(out).toContain(`create container ${cacheObjects(CACHE).keeper} from`);
    expect(out).toContain(
      `realise environment of wm-a in cache ${CACHE} (hello, tool)  # the workspace has no profile in the cache yet`,
    );
    expect(await docker.containerOrNull(cacheObjects(CACHE).keeper)).toBeNull();
    expect(server.requests()).toEqual([]);
  });

  it('is empty once all is Ready, and tells what a changed list adds and takes', async () => {
    controller = site.start({ host: proxy.host, flags: ['--listen', '127.0.0.1:0'] });
    await controller.ready('wm-a');
    await cachePhase(controller, CACHE, 'Ready');
    expect(await site.plan()).toMatchObject({ code: 0 });
    await controller.stop();
    site.put('wm-a', { cache: CACHE, packages: ['sub.inner', 'tool'] });
    const { code, out } = await site.plan();
    expect([code, out]).toEqual([
      2,
      expect.stringContaining(
        `realise environment of wm-a in cache ${CACHE} (sub.inner, tool)  # packages: + sub.inner, - hello`,
      ),
    ]);
    site.put('wm-a', { cache: CACHE, packages: ['hello', 'tool'] });
    controller = site.start({ host: proxy.host, flags: ['--listen', '127.0.0.1:0'] });
    await controller.ready('wm-a');
  });
});

describe('a warm start', () => {
  const ENDS = [
    ['removed', () => docker.remove('workspace-wm-a')],
    ['killed', () => docker.kill('workspace-wm-a')],
  ] as const;

  it.each(ENDS)('needs no command in any container: %s', async (_how, end) => {
    // The store is measured in the background after it has changed.
    await eventually(async () => expect(await say('cache', 'status', CACHE)).toMatch(/Paths:\s+\d/), {
      withinMs: 60_000,
    });
    const [before, commands] = [await docker.container('workspace-wm-a'), execs()];
    server.forget();
    await end();
    await eventually(
      async () => {
        const { Id, State } = await docker.container('workspace-wm-a');
        expect([State.Status, Id === before.Id && State.StartedAt === before.State.StartedAt]).toEqual([
          'running',
          false,
        ]);
      },
      { withinMs: 60_000 },
    );
    await controller.ready('wm-a');
    expect(execs()).toBe(commands);
    expect(await metric('kalpana_engine_request_duration_seconds_count', ['verb="exec"'])).toBeGreaterThanOrEqual(0);
    expect((await docker.sh('workspace-wm-a', 'hello; tool')).text).toBe('hello from hello 1.0\nhello from tool');
    expect(server.requests()).toEqual([]);
    expect(await site.plan()).toMatchObject({ code: 0 });
  });

  it('is told by describe', async () => {
    expect(await say('describe', 'workspace', 'wm-a')).toMatch(
      /Cache use:\s+3 of 3 paths from the cache, 0 B fetched, \d+\.\d s\n/,
    );
  });
});

describe('what is told of a cold and a warm workspace', () => {
  it('is true', async () => {
    const was = {
      fetched: await metric('kalpana_nix_paths_total', [`cache="${CACHE}"`, 'outcome="fetched"']),
      hit: await metric('kalpana_nix_paths_total', [`cache="${CACHE}"`, 'outcome="hit"']),
    };
    server.forget();
    site.put('wm-cold', { cache: CACHE, packages: ['big1', 'hello'] });
    await controller.ready('wm-cold');
    expect(server.nars().requests).toBe(1);
    expect(await say('describe', 'workspace', 'wm-cold')).toMatch(/Packages:\s+big1, hello\n/);
    expect(await say('describe', 'workspace', 'wm-cold')).toMatch(
      /Cache use:\s+1 of 2 paths from the cache, (976\.\d KiB|1(\.0)? MiB|1\.0 MB|\S+ \S+) fetched/,
    );
    site.put('wm-warm', { cache: CACHE, packages: ['hello', 'big1'] });
    await controller.ready('wm-warm');
    expect(server.nars().requests).toBe(1);
    expect(await say('describe', 'workspace', 'wm-warm')).toMatch(
      /Cache use:\s+2 of 2 paths from the cache, 0 B fetched/,
    );
    expect(await metric('kalpana_nix_paths_total', [`cache="${CACHE}"`, 'outcome="fetched"'])).toBe(was.fetched + 1);
    expect(await metric('kalpana_nix_paths_total', [`cache="${CACHE}"`, 'outcome="hit"'])).toBe(was.hit + 3);
    const saved = await metric('kalpana_nix_bytes_total', [`cache="${CACHE}"`, 'outcome="saved"']);
    expect(saved).toBeGreaterThan(1_000_000);
    expect(await metric('kalpana_nix_bytes_total', [`cache="${CACHE}"`, 'outcome="fetched"'])).toBeGreaterThan(
      1_000_000,
    );
    expect(
      await metric('kalpana_nix_environment_duration_seconds_count', [`cache="${CACHE}"`, 'temperature="cold"']),
    ).toBeGreaterThanOrEqual(1);
    expect(
      await metric('kalpana_nix_environment_duration_seconds_count', [`cache="${CACHE}"`, 'temperature="warm"']),
    ).toBeGreaterThanOrEqual(2);
    expect(await metric('kalpana_cache_ready', [`name="${CACHE}"`])).toBe(1);
    expect(await metric('kalpana_nix_store_bytes', [`cache="${CACHE}"`])).toBeGreaterThan(0);
  });

  it('stands in cache status and in the list of caches', async () => {
    const text = await say('cache', 'status', CACHE);
    expect(text).toMatch(new RegExp(`Name:\\s+${CACHE}\nPhase:\\s+Ready`));
    expect(text).toMatch(/Environments:\s+2\n/);
    expect(text).toMatch(/Hit rate:\s+\d+.*\(\d+ of \d+ paths; \d fetched, 0 built\)/);
    expect(text).toMatch(/Workspaces:\s+wm-a, wm-cold, wm-warm/);
    expect(text).toContain('Under way: nothing');
    expect(await say('get', 'caches')).toMatch(new RegExp(`^${CACHE}\\s+Ready`, 'm'));
    const [, listed] = /Paths:\s+(\d+)/.exec(text) ?? [];
    expect(Number(listed)).toBeGreaterThanOrEqual(3);
  });

  it('goes with what it speaks of', async () => {
    for (const name of ['wm-a', 'wm-cold', 'wm-warm']) site.drop(`${name}.json`);
    await site.command('approve', '--state-dir', site.state);
    await eventually(
      async () => {
        await site.command('approve', '--state-dir', site.state);
        expect(await docker.list(site.label)).toEqual([]);
      },
      { withinMs: 60_000 },
    );
    expect(await say('cache', 'status', CACHE)).toMatch(/Workspaces:\s+none/);
  });
});
