import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { collected, expectGone } from '../support/gc/household.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { headlessProgram } from '../support/nix/headless.js';
import { keeperHands, restart, runs, SLOW_MS } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

// Uses that only show where one looks for them, and a store that has forgotten what is in it.
const site = createSite('nix-gc-uses', testEngineHost());
const { docker } = site;
const P = 'gu';
const BOX = 'workspace-gu-user';
const BARE = 'gu-bare';
const { keeper, volume } = cacheObjects(P);
const hands = keeperHands(docker, P);
let server: TestNixCache;
let controller: Kalpana;
let made = 0;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putGc('0s');
  controller = site.start();
  site.put('gu-user', { cache: P, image: TEST_NIX_IMAGE });
  site.put('gu-hello', { cache: P, packages: ['hello'] });
  await controller.ready('gu-user', 'gu-hello');
  await cachePhase(controller, P, 'Ready');
  site.owns(BARE);
  await docker.create(BARE, {
    Cmd: ['sleep', '100000'],
    HostConfig: {
      Init: true,
      CapAdd: ['SYS_ADMIN'],
      SecurityOpt: ['apparmor=unconfined'],
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: '/nix', ReadOnly: true }],
    },
  });
  await docker.start(BARE);
});

function putGc(grace: string): void {
  putCache(site, P, server, { gc: { schedule: '0 4 1 1 *', retain: '0s', grace } });
}

/** A path that nothing names: the file or directory that a line of shell makes at `$1`. */
async function add(name: string, line: string): Promise<string> {
  made += 1;
  const { code, text } = await docker.exec(
    keeper,
    [
      'sh',
      '-c',
      `export NIX_REMOTE=local; d=$(mktemp -d); set -- $d/${name}; { ${line}\n} && nix-store --add $1; rm -rf $d`,
    ],
    '0',
  );
  expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/^\/nix\/store\/\S+$/) });
  return text;
}

const words = (name: string) => add(name, `mkdir $1; echo ${name} ${made} > $1/words`);
const exists = async (path: string) => (await hands.sh(`test -e ${path}`)).code === 0;

async function start(container: string, line: string): Promise<void> {
  const shell = `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid ${line} &`;
  expect(await docker.exec(container, ['sh', '-c', shell], '0')).toEqual({ code: 0, text: '' });
}

/** A run deletes something dead, and keeps `path`; without its use the next one deletes that. */
async function expectKept(path: string, end: () => Promise<unknown>): Promise<void> {
  const dead = await words('dead');
  await collected(site, P);
  expect({ path, exists: await exists(path) }).toEqual({ path, exists: true });
  await expectGone(site, keeper, new Map([['dead', dead]]));
  await end();
  await collected(site, P);
  await expectGone(site, keeper, new Map([['no longer used', path]]));
}

describe('a use is seen', () => {
  it('of a process whose main thread has ended while another runs', async () => {
    const program = headlessProgram().toString('base64');
    const path = await add('headless', `echo ${program} | base64 -d > $1; chmod 755 $1`);
    await start(BOX, path);
    const name = path.split('/').at(-1)!;
    const inBox = `for s in /proc/[0-9]*/status; do grep -q '^State:.*Z' $s && grep -q '^Threads:.*2' $s && echo $s; done | cut -d/ -f3`;
    const pid = await eventually(
      async () => {
        const { text } = await docker.sh(BOX, inBox);
        expect({ name, text }).toEqual({ name, text: expect.stringMatching(/^\d+$/) });
        return text;
      },
      { withinMs: 5_000 },
    );
    await expectKept(path, () => docker.sh(BOX, `kill -9 ${pid}`));
  });

  it('by a mount of the path somewhere else, in a namespace of its own', async () => {
    const path = await words('mounted');
    await start(BARE, `unshare -m sh -c 'mkdir -p /mnt && mount --bind ${path} /mnt && cd / && exec sleep 99999'`);
    await eventually(
      async () =>
        expect((await docker.sh(BARE, `cat /proc/[0-9]*/mountinfo | grep -c ' /mnt '`)).text).toMatch(/^[1-9]/),
      { withinMs: 5_000 },
    );
    await expectKept(path, () =>
      docker.sh(BARE, `for c in /proc/[0-9]*/cmdline; do grep -q 99999 $c && kill -9 $(echo $c | cut -d/ -f3); done`),
    );
  });
});

describe('the grace', () => {
  it('keeps what came a moment ago, whatever is known of its use, and a package list that was made since', async () => {
    const path = await words('young');
    site.put('gu-hello', { cache: P, packages: ['tool'] });
    await eventually(async () => expect(await runs(docker, 'gu-hello', 'tool')).toBe('hello from tool'), {
      withinMs: SLOW_MS,
    });
    await grace('1h');
    expect(await collected(site, P)).toMatchObject({ freedPaths: 0, roots: { generation: 1 } });
    expect(await exists(path)).toBe(true);
    await grace('0s');
    expect(await collected(site, P)).toMatchObject({ roots: { generation: 0 } });
    expect(await exists(path)).toBe(false);
  });
});

async function grace(value: '0s' | '1h'): Promise<void> {
  putGc(value);
  await eventually(
    async () => expect((await cacheStatus(controller, P)).gc?.config.graceMs).toBe(value === '0s' ? 0 : 3_600_000),
    { withinMs: 30_000 },
  );
}

describe('a store that has lost its database', () => {
  const OURS = '/nix/var/nix/gcroots/kalpana/keeper';
  let used: string;
  let needed: string;
  let linked: string;

  beforeAll(async () => {
    needed = await words('needed');
    used = await add('used', `mkdir -p $1/bin; cp /bin/sleep $1/bin/used; echo ${needed} > $1/needs`);
    await start(BOX, `${used}/bin/used 88888`);
    const built = `derivation { name = "linked"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir $out; echo linked > $out/words" ]; }`;
    linked = (
      await quietly(
        docker,
        BOX,
        `export HOME=/tmp; nix-build -o /workspace/result -E '${built}' 2>/tmp/words || cat /tmp/words`,
      )
    ).text;
    expect(linked).toMatch(/^\/nix\/store\/\S+-linked$/);
    await hands.sh('rm -rf /nix/var/nix/db');
    await restart(docker, keeper);
    await cachePhase(controller, P, 'Ready');
  });

  it('loses nothing that is in use by a collection: a process, a link and what they need stay', async () => {
    const dead = await words('dead');
    // The declared packages have to be fetched again first; a run that comes before deletes nothing.
    await eventually(() => collected(site, P), { withinMs: SLOW_MS });
    for (const path of [used, needed, linked])
      expect({ path, exists: await exists(path) }).toEqual({ path, exists: true });
    await expectGone(site, keeper, new Map([['dead', dead]]));
    expect(await runs(docker, 'gu-hello', 'tool')).toBe('hello from tool');
    expect((await docker.sh(BOX, 'cat /workspace/result/words')).text).toBe('linked');
  });

  it('is damaged where a root of ours leads to what it has forgotten: nothing is deleted, and it is said', async () => {
    const dead = await words('dead');
    await hands.sh(`mkdir -p ${OURS} && ln -s ${linked} ${OURS}/linked`);
    const { code, err } = await site.command('gc', P, '--state-dir', site.state);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /2 paths in use are on the disk and not in the store's database.* nothing was deleted/,
      ),
    });
    expect(await exists(dead)).toBe(true);
    await hands.sh(`rm ${OURS}/linked`);
    await collected(site, P);
    await expectGone(site, keeper, new Map([['dead', dead]]));
  });
});
