import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scannerName } from '../../controller/model/names.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { collect, collected, diskBytes } from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { restart } from '../support/nix/hands.js';
import { OLD_KEEPER_IMAGE, TEST_NIX_IMAGE, importOldKeeper, keeperNix } from '../support/nix/images.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';
import { importOwnStoreKeeper, KEEPER_PROGRAMS } from '../support/nix/own-store-keeper.js';

// In each run test/contract/keeper-guard and keeper-scripts have the guard that Nix before 2.35 needs, killed at two
// points; nix-gc collects with the Nix of each run's keeper.

const site = createSite('nix-gc-old', testEngineHost());
const { docker } = site;
const OWN_STORE_IMAGE = 'kalpana/gc-own-store:1';
const LONG = 80_000;
/** The Nix of whoever builds in a workspace; both are a keeper's clients. */
const CLIENTS = [
  [keeperNix(), 'new', TEST_NIX_IMAGE],
  ['2.8', 'old', OLD_KEEPER_IMAGE],
] as const;
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;

/** Builds a program that waits, with some noise beside it; gives its path. */
async function build(box: string, name: string, out: string): Promise<string> {
  const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir -p $out/bin; cp /usr/bin/sleep $out/bin/${name}; head -c 300000 /dev/urandom > $out/noise; exit 0" ]; }`;
  const { text } = await quietly(
    docker,
    box,
    `export HOME=/tmp; nix-build ${out} -E '${expression}' 2>/tmp/words || cat /tmp/words`,
  );
  expect(text).toMatch(new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`));
  return text;
}

async function begin(box: string, path: string): Promise<void> {
  const program = `${path}/bin/${path.slice('/nix/store/'.length + 33)}`;
  expect(await docker.sh(box, `${program} 0`)).toEqual({ code: 0, text: '' });
  expect(
    await docker.exec(
      box,
      ['sh', '-c', `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid -f ${program} 100000`],
      '0',
    ),
  ).toEqual({ code: 0, text: '' });
  await eventually(async () => expect(await isRunning(box, path)).toBe(true), { withinMs: 10_000 });
}

async function isRunning(box: string, path: string): Promise<boolean> {
  return (
    (await docker.sh(box, `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -q '^${path}/bin/'`)).code === 0
  );
}

const valid = async (keeper: string, path: string): Promise<boolean> =>
  (await docker.sh(keeper, `export NIX_REMOTE=local; nix-store --verify-path $(nix-store -qR ${path})`)).code === 0;
const gone = async (keeper: string, path: string): Promise<boolean> =>
  (await docker.sh(keeper, `test -e ${path}`)).code !== 0;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  await importOldKeeper(docker.host);
  proxy = await startEngineProxy(docker.host);
  putCache(site, 'go', server, { image: OLD_KEEPER_IMAGE, gc: { schedule: '0 0 1 1 *', retain: '0s' } });
  site.put('go-a', { cache: 'go', packages: ['hello', 'tool', 'big1'] });
  for (const [, name, image] of CLIENTS) site.put(`go-${name}`, { cache: 'go', image, command: ['sleep', 'infinity'] });
  controller = site.start({ host: proxy.host });
  for (const name of ['a', ...CLIENTS.map(([, client]) => client)])
    await controller.until(`go-${name}`, { phase: 'Ready' }, LONG);
});

describe('a collection by Nix 2.8', () => {
  const { keeper } = cacheObjects('go');
  const kept = new Map<string, string>();
  const dead = new Map<string, string>();

  const daemons = async (): Promise<string[]> =>
    (
      await docker.sh(
        keeper,
        `for dir in /proc/[0-9]*; do [ "$(cat $dir/comm 2>/dev/null)" != nix-daemon ] || sed -n 's/^State:[[:space:]]*\\(.\\).*/\\1/p' $dir/status; done`,
      )
    ).text.split('\n');
  const links = async (): Promise<string> =>
    (await docker.sh(keeper, 'cd /nix/var/nix/gcroots/auto/ && for link in *; do readlink $link; done | sort')).text;

  async function expectKept(): Promise<void> {
    for (const [kind, path] of kept) expect({ kind, valid: await valid(keeper, path) }).toEqual({ kind, valid: true });
    for (const [, name] of CLIENTS)
      expect({ name, isRunning: await isRunning(`workspace-go-${name}`, kept.get(`process ${name}`) ?? '') }).toEqual({
        name,
        isRunning: true,
      });
    expect((await docker.sh('workspace-go-a', 'hello; tool')).text).toBe('hello from hello 1.0\nhello from tool');
  }

  beforeAll(async () => {
    expect((await cacheStatus(controller, 'go')).keeper?.nixVersion).toMatch(/^2\.8\./);
    for (const attribute of ['hello', 'tool']) kept.set(attribute, server.fixture.paths[attribute] ?? '');
    for (const [, name] of CLIENTS) {
      const box = `workspace-go-${name}`;
      kept.set(`link ${name}`, await build(box, `link-${name}`, '-o /workspace/result'));
      kept.set(`link in the container ${name}`, await build(box, `own-${name}`, '-o /root/result'));
      const running = await build(box, `process-${name}`, '--no-out-link');
      await begin(box, running);
      kept.set(`process ${name}`, running);
      dead.set(`unlinked ${name}`, await build(box, `dead-${name}`, '--no-out-link'));
      dead.set(`link deleted ${name}`, await build(box, `deleted-${name}`, '-o /workspace/deleted'));
      await docker.sh(box, 'rm /workspace/deleted');
    }
    site.put('go-a', { cache: 'go', packages: ['hello', 'tool'] });
    await eventually(async () => expect((await docker.sh('workspace-go-a', 'big1')).code).not.toBe(0), {
      withinMs: LONG,
    });
    dead.set('flipped away', server.fixture.paths['big1'] ?? '');
  });

  it.each(CLIENTS)("a client's look at the roots, by Nix %s, costs nobody a link", async (...[, name]) => {
    const before = await links();
    expect(before.split('\n')).toEqual(expect.arrayContaining(['/workspace/result', '/root/result']));
    for (const words of ['--gc --print-roots', '--gc --print-roots'])
      await quietly(docker, `workspace-go-${name}`, `nix-store ${words}`);
    expect(await links()).toBe(before);
  });

  it('foretold, names the dead and no other', async () => {
    const { news } = await collect(site, 'go', '--dry-run');
    const paths = news.type === 'preview' ? news.preview.dead.map(({ path }) => path) : [];
    expect(paths).toEqual(expect.arrayContaining([...dead.values()]));
    expect(paths.filter((path) => [...kept.values()].includes(path))).toEqual([]);
    for (const path of dead.values()) expect(await gone(keeper, path)).toBe(false);
  });

  it('lets the daemon stand still while it looks, and go on afterwards; the dead alone go', async () => {
    const keeperId = (await docker.container(keeper)).Id;
    const building = quietly(
      docker,
      'workspace-go-new',
      `nix-build -o /workspace/result-slow -E 'derivation { name = "slow-user"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; input = derivation { name = "slow-input"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin"; args = [ "-c" "echo input > $out" ]; }; args = [ "-c" "sleep 8; cp $input $out; exit 0" ]; }' 2>/dev/null`,
    );
    await eventually(async () => expect((await docker.sh(keeper, 'ls -d /nix/store/*-slow-input')).code).toBe(0), {
      withinMs: LONG,
    });
    const asker = CLIENTS.at(-1)?.[1] ?? '';
    // The look at processes: an exec in the scanner.
    const look = proxy.hold(
      (method, path) => method === 'POST' && /^\/containers\/[0-9a-f]+\/exec$/.test(path) && !path.includes(keeperId),
    );
    const before = await diskBytes(site, keeper);
    const running = collected(site, 'go');
    await look.reached;
    await eventually(async () => expect(new Set(await daemons())).toEqual(new Set(['T'])), { withinMs: 10_000 });
    const asking = quietly(docker, `workspace-go-${asker}`, `nix-store -q --hash ${kept.get(`link ${asker}`)}`);
    look.letGo();
    const run = await running;
    const freed = before - (await diskBytes(site, keeper));
    expect((await asking).text).toMatch(/^sha256:/);
    expect((await building).text).toMatch(/-slow-user$/);
    expect((await docker.sh('workspace-go-new', 'cat /workspace/result-slow')).text).toBe('input');
    for (const [kind, path] of dead) expect({ kind, gone: await gone(keeper, path) }).toEqual({ kind, gone: true });
    await expectKept();
    // What was built meanwhile took some.
    expect(Math.abs(freed - run.freedBytes)).toBeLessThan(0.02 * run.freedBytes + 50_000);
    expect(await daemons()).not.toContain('T');
    expect(await docker.containerOrNull(scannerName('go'))).toBeNull();
  });

  it('finds nothing more the next time but what the build has left, and keeps all that is linked', async () => {
    await collected(site, 'go');
    expect(await collected(site, 'go')).toMatchObject({ freedPaths: 0, leftPaths: 0 });
    await expectKept();
    expect((await links()).split('\n')).toEqual(
      expect.arrayContaining(['/workspace/result', '/workspace/result-slow', '/root/result']),
    );
  });
});

describe('a collection in a store that holds its keeper', () => {
  const { keeper } = cacheObjects('gk');

  beforeAll(async () => {
    await importOwnStoreKeeper(docker, OWN_STORE_IMAGE);
    putCache(site, 'gk', server, { image: OWN_STORE_IMAGE, gc: { schedule: '0 0 1 1 *', retain: '0s' } });
    site.owns(`${keeper}.seed`);
    site.put('gk-a', { cache: 'gk', packages: ['hello'] });
    site.put('gk-user', { cache: 'gk', image: TEST_NIX_IMAGE });
    for (const name of ['gk-a', 'gk-user']) await controller.until(name, { phase: 'Ready' }, LONG);
  });

  afterAll(async () => {
    await docker.untag(OWN_STORE_IMAGE);
  });

  it('keeps that, and what is in use; the dead go', async () => {
    const link = await build('workspace-gk-user', 'gk-link', '-o /workspace/result');
    const running = await build('workspace-gk-user', 'gk-process', '--no-out-link');
    await begin('workspace-gk-user', running);
    const dead = await build('workspace-gk-user', 'gk-dead', '--no-out-link');
    const run = await collected(site, 'gk');
    expect(run.roots).toMatchObject({ keeper: 1, link: 1, profile: 1 });
    expect(await gone(keeper, dead)).toBe(true);
    for (const path of [link, running, KEEPER_PROGRAMS, server.fixture.paths['hello'] ?? ''])
      expect({ path, valid: await valid(keeper, path) }).toEqual({ path, valid: true });
    expect(await isRunning('workspace-gk-user', running)).toBe(true);
  });

  it('leaves a keeper that starts again, and is collected again', async () => {
    const { StartedAt } = (await docker.container(keeper)).State;
    await restart(docker, keeper);
    await eventually(
      async () =>
        expect((await docker.container(keeper)).State).toMatchObject({
          Status: 'running',
          StartedAt: expect.not.stringContaining(StartedAt),
        }),
      { withinMs: LONG },
    );
    await cachePhase(controller, 'gk', 'Ready', LONG);
    // For a moment that is still said of the keeper before its restart.
    const ask = `nix-store --check-validity ${KEEPER_PROGRAMS}`;
    await eventually(async () => expect(await quietly(docker, 'workspace-gk-user', ask)).toMatchObject({ code: 0 }), {
      withinMs: LONG,
    });
    const dead = await build('workspace-gk-user', 'gk-dead-later', '--no-out-link');
    await collected(site, 'gk');
    expect(await gone(keeper, dead)).toBe(true);
    expect(await valid(keeper, KEEPER_PROGRAMS)).toBe(true);
    expect((await docker.sh('workspace-gk-a', 'hello')).text).toBe('hello from hello 1.0');
  });
});
