import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { collected, expectGone } from '../support/gc/household.js';
import { addPath, startAlone } from '../support/gc/uses.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands, restart, runs, SLOW_MS } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

// What came a moment ago, and a store that has forgotten what is in it. The uses that a collection sees are in nix-gc.
const site = createSite('nix-gc-uses', testEngineHost());
const { docker } = site;
const P = 'gu';
const BOX = 'workspace-gu-user';
const hands = keeperHands(docker, P);
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putGc('1h');
  controller = site.start();
  site.put('gu-user', { cache: P, image: TEST_NIX_IMAGE });
  site.put('gu-hello', { cache: P, packages: ['hello'] });
  await controller.ready('gu-user', 'gu-hello');
  await cachePhase(controller, P, 'Ready');
});

function putGc(grace: string): void {
  putCache(site, P, server, { gc: { schedule: '0 4 1 1 *', retain: '0s', grace } });
}

const words = (name: string) => addPath(docker, P, name, `mkdir $1; echo ${name} > $1/words`);
const exists = async (path: string) => (await hands.sh(`test -e ${path}`)).code === 0;

describe('a collection', () => {
  const OURS = '/nix/var/nix/gcroots/kalpana/keeper';
  let young: string;
  let used: string;
  let needed: string;
  let linked: string;

  it('keeps what came less than the grace ago, whatever is known of its use, and packages flipped away', async () => {
    young = await words('young');
    site.put('gu-hello', { cache: P, packages: ['tool'] });
    await eventually(async () => expect(await runs(docker, 'gu-hello', 'tool')).toBe('hello from tool'), {
      withinMs: SLOW_MS,
    });
    expect(await collected(site, P)).toMatchObject({ freedPaths: 0, roots: { generation: 1 } });
    expect(await exists(young)).toBe(true);
    putGc('0s');
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.config.graceMs).toBe(0), {
      withinMs: 30_000,
    });
  });

  it('deletes nothing where a root of ours leads to what the store has forgotten, and says so', async () => {
    needed = await words('needed');
    used = await addPath(docker, P, 'used', `mkdir -p $1/bin; cp /bin/sleep $1/bin/used; echo ${needed} > $1/needs`);
    await startAlone(docker, BOX, `${used}/bin/used 88888`);
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
    await restart(docker, hands.keeper);
    await cachePhase(controller, P, 'Ready');
    expect((await hands.sh(`mkdir -p ${OURS} && ln -s ${linked} ${OURS}/linked`)).code).toBe(0);
    // The declared packages have to be fetched again first; a run that comes before deletes nothing either.
    await eventually(
      async () => {
        const { code, err } = await site.command('gc', P, '--state-dir', site.state);
        expect({ code, err }).toEqual({
          code: 1,
          err: expect.stringMatching(
            /2 paths in use are on the disk and not in the store's database.* nothing was deleted/,
          ),
        });
      },
      { withinMs: SLOW_MS },
    );
    for (const path of [young, used, needed, linked])
      expect({ path, exists: await exists(path) }).toEqual({ path, exists: true });
  });

  it('loses nothing that is in use by that: a process, a link and what they need stay, and the dead go', async () => {
    await hands.sh(`rm ${OURS}/linked`);
    const dead = await words('dead');
    await collected(site, P);
    for (const path of [used, needed, linked])
      expect({ path, exists: await exists(path) }).toEqual({ path, exists: true });
    await expectGone(
      site,
      hands.keeper,
      new Map([
        ['dead', dead],
        ['older than the grace', young],
      ]),
    );
    expect(await runs(docker, 'gu-hello', 'tool')).toBe('hello from tool');
    expect((await docker.sh(BOX, 'cat /workspace/result/words')).text).toBe('linked');
  });
});
