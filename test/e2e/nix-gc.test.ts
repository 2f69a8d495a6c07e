import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { FOREIGN_COLLECTIONS, foreignCollections } from '../support/gc/foreign.js';
import {
  addDead,
  buildHousehold,
  collect,
  collected,
  diskBytes,
  expectGone,
  expectNoHelpers,
  expectWhole,
  putHouseCache,
  type Household,
} from '../support/gc/household.js';
import { useByMount, useWithoutMainThread, type Use } from '../support/gc/uses.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands, runs } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { importOwnStoreKeeper, KEEPER_PROGRAMS } from '../support/nix/own-store-keeper.js';
import { cacheObjects, cacheStatus } from '../support/nix/site.js';

const site = createSite('nix-collect', testEngineHost());
const { docker } = site;
const P = 'gc';
const hands = keeperHands(docker, P);
const BOX = 'workspace-gc-user';
const COLLECTOR = 'workspace-gc-collector';
const foreign = foreignCollections(docker, P, COLLECTOR);
/** The keeper's own programs are in a store, which the cache's volume hides. */
const KEEPER_OF_HOUSE = 'kalpana/gc-house:1';
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;
let house: Household;
let uses: ReadonlyMap<string, Use>;
/** Dead, and named by a process. */
let named = '';

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  await importOwnStoreKeeper(docker, KEEPER_OF_HOUSE);
  site.owns(`${cacheObjects(P).keeper}.seed`);
  proxy = await startEngineProxy(docker.host);
  controller = site.start({ host: proxy.host });
  house = await buildHousehold(site, controller, server, P, KEEPER_OF_HOUSE);
  site.put('gc-collector', { cache: P, image: TEST_NIX_IMAGE });
  await controller.ready('gc-collector');
  uses = new Map([
    ['a process whose main thread has ended', await useWithoutMainThread(docker, P, BOX)],
    ['a mount of it somewhere else', await useByMount(site, P, 'gc-mounts')],
  ]);
  keep("the keeper's programs", KEEPER_PROGRAMS);
  for (const [kind, { path }] of uses) keep(kind, path);
  // It would be started again at once by a controller that hears of it.
  proxy.events('swallow');
});

afterAll(async () => {
  await docker.untag(KEEPER_OF_HOUSE);
});

beforeEach(async () => {
  const { State: state } = await docker.container('workspace-gc-paused');
  if (state.Status === 'running') await docker.pause('workspace-gc-paused');
});

function keep(kind: string, path: string): void {
  house = { ...house, kept: new Map([...house.kept, [kind, path]]) };
}

function keepNoMore(paths: readonly string[]): void {
  house = { ...house, kept: new Map([...house.kept].filter(([, path]) => !paths.includes(path))) };
}

const exists = async (path: string): Promise<boolean> => (await hands.sh(`ls -d ${path}`)).code === 0;
const wholeHouse = () => expectWhole(site, house, [...house.retained.values()]);
const expectLocked = () => eventually(async () => expect(await hands.freeLocks()).toEqual(['s']), { withinMs: 10_000 });
/** No collection is under way in the keeper any more. */
const goesOn = () =>
  eventually(
    async () =>
      expect((await hands.sh('ls /run/kalpana/gc/frozen /run/kalpana/gc/collector 2>/dev/null')).text).toBe(''),
    { withinMs: 40_000 },
  );

describe('a collection of a store that is in use in every way', () => {
  inLongRuns('unit gc/preview, cli/gc-text; contract keeper-scripts: lists the roots', () =>
    it('told in advance, names what would go and what keeps what, and deletes nothing', async () => {
      const { code, news } = await collect(site, P, '--dry-run');
      expect(code).toBe(0);
      if (news.type !== 'preview') throw new Error(JSON.stringify(news));
      const paths = news.preview.dead.map(({ path }) => path);
      for (const path of house.dead.values()) expect(paths).toContain(path);
      for (const path of [...house.kept.values(), ...house.retained.values()]) expect(paths).not.toContain(path);
      expect(news.preview.deadBytes).toBeGreaterThan(500_000);
      const links = news.preview.roots
        .filter(({ kind, owner }) => kind === 'link' && owner === 'gc-root')
        .map(({ from }) => from);
      expect(links).toEqual(
        expect.arrayContaining([
          '/workspace/result',
          '/root/result',
          "/workspace/a 'result' of\tmine",
          '/workspace/result-moved',
        ]),
      );
      expect(await exists([...house.dead.values()].join(' '))).toBe(true);
    }),
  );

  inLongRuns('simulation collections: each call fails; unit gc/scanner, gc/processes', () =>
    it('that cannot read a process is aborted: it deletes nothing, and says why', async () => {
      const stop = proxy.rewrite(
        (method, path) => method === 'POST' && path === '/containers/create',
        (body) => {
          const host = body['HostConfig'] as { CapAdd?: string[]; PidMode?: string };
          if (host.PidMode === 'host') host.CapAdd = host.CapAdd?.filter((one) => !/SYS_PTRACE/.test(one)) ?? [];
        },
      );
      const { code, news } = await collect(site, P);
      stop();
      expect({ code, news }).toMatchObject({
        code: 1,
        news: {
          type: 'run',
          run: {
            result: 'aborted',
            failure: {
              reason: 'ProcessUnreadable',
              message: expect.stringMatching(/process \d+ \(.+\) of the container \S+ cannot be read/),
            },
            freedBytes: 0,
            freedPaths: 0,
          },
        },
      });
      expect(await exists([...house.dead.values()].join(' '))).toBe(true);
      await goesOn();
      await expectLocked();
      await expectNoHelpers(site);
    }),
  );

  it('that workspaces start waits, and deletes nothing', async () => {
    [named = ''] = await addDead(site, P, 1, 'named');
    // Its name stands in a process's environment: our runs keep it, and who names it for deletion gets no turn.
    keep('named by a process', named);
    await foreign.start(named);
    expect(await foreign.words()).not.toMatch(/ended|deleting|freed/);
    expect(await exists([...house.dead.values()].join(' '))).toBe(true);
  });

  it('keeps every root with its closure, lets every process run, and deletes what is dead, beside such', async () => {
    // What is being built, by a user and by a workspace's packages. Nix kills a builder once its output is closed: it
    // must not end as a program that closes it by itself before it exits, as `cp` does.
    const building = quietly(
      docker,
      'workspace-gc-root',
      `nix-build -o /workspace/result-slow -E 'derivation { name = "slow-user"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; input = derivation { name = "slow-input"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin"; args = [ "-c" "echo input > $out" ]; }; args = [ "-c" "sleep 8; cp $input $out; exit 0" ]; }' 2>/tmp/slow-words || cat /tmp/slow-words`,
    );
    await eventually(async () => expect(await exists('/nix/store/*-slow-input')).toBe(true), { withinMs: 30_000 });
    const before = await diskBytes(site, house.keeper);
    const run = await collected(site, P);
    const after = await diskBytes(site, house.keeper);
    await expectGone(site, house.keeper, house.dead);
    await wholeHouse();
    expect(Math.abs(before - after - run.freedBytes)).toBeLessThan(0.02 * run.freedBytes);
    expect(run).toMatchObject({
      trigger: 'request',
      roots: { prewarm: 1, image: 1, keeper: 1, generation: 1, removed: 1 },
    });
    expect(run.roots.link).toBeGreaterThanOrEqual(8);
    expect(run.roots.process).toBeGreaterThanOrEqual(4);
    const { text } = await building;
    const link = (await docker.sh('workspace-gc-root', 'cat /workspace/result-slow')).text;
    expect({ text, link }).toEqual({ text: expect.stringMatching(/^\/nix\/store\/\S+-slow-user$/), link: 'input' });
  });

  it('that workspaces started has deleted nothing, holds nobody up, and ends with its container', async () => {
    expect(await foreign.words()).not.toMatch(/deleting '/);
    await eventually(async () => expect(await foreign.workers()).toBeGreaterThanOrEqual(FOREIGN_COLLECTIONS), {
      withinMs: 30_000,
    });
    await expectLocked();
    site.put('gc-running', { cache: P, packages: ['hello', 'fresh'] });
    await eventually(async () => expect(await runs(docker, 'gc-running', 'fresh')).toBe('fresh'), {
      withinMs: 60_000,
    });
    site.drop('gc-collector.json');
    await eventually(async () => expect(await docker.containerOrNull(COLLECTOR)).toBeNull(), { withinMs: 60_000 });
    await eventually(async () => expect(await foreign.workers()).toBe(0), { withinMs: 30_000 });
    await expectLocked();
    expect(await exists(named)).toBe(true);
  });

  it('whose controller is killed while Nix deletes goes on to its end, with what is older than retain', async () => {
    // For Nix itself the links in containers are stale.
    await quietly(docker, BOX, 'nix-store --gc --print-roots');
    for (const { end } of uses.values()) await end();
    const used = new Map([...uses].map(([kind, { path }]) => [`no more ${kind}`, path]));
    keepNoMore([named, ...used.values()]);
    const many = await addDead(site, P, 2_000);
    putHouseCache(site, server, P, { imageId: house.imageId, retain: '0s', image: KEEPER_OF_HOUSE });
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.config.retainMs).toBe(0), {
      withinMs: 30_000,
    });
    const answer = site.command('gc', P, '--state-dir', site.state);
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.underWay).toMatch(/^deleting /), {
      withinMs: 30_000,
    });
    await controller.kill();
    expect((await answer).code).toBe(1);
    expect((await hands.sh('ls /run/kalpana/gc/collector')).code).toBe(0);
    await goesOn();
    await expectLocked();
    const dead = new Map(many.map((path, index) => [`dead ${index}`, path]));
    await expectGone(site, house.keeper, new Map([...dead, ...used, ...house.retained, ['named', named]]));
    await expectWhole(site, house);
    // What it started besides goes with the next one.
    controller = site.start({ host: proxy.host });
    await eventually(() => expectNoHelpers(site), { withinMs: 60_000 });
  });

  inLongRuns(
    'the collections above; unit state/state-file, status/gc-event; simulation collections: after a killed controller',
    () =>
      it('finds nothing more the next time, under the next controller, which tells the last runs', async () => {
        await eventually(
          async () =>
            expect(await cacheStatus(controller, P)).toMatchObject({
              phase: 'Ready',
              storeBytes: expect.any(Number),
              gc: { underWay: null },
            }),
          { withinMs: 60_000 },
        );
        expect(await collected(site, P)).toMatchObject({ freedPaths: 0, freedBytes: 0, leftPaths: 0 });
        await expectWhole(site, house);
        await expectNoHelpers(site);
        await expectLocked();
        const { gc } = await cacheStatus(controller, P);
        expect(gc?.runs.slice(0, 3).map(({ result, trigger }) => `${trigger} ${result}`)).toEqual([
          'request success',
          'request success',
          'request aborted',
        ]);
        const { out } = await site.command('describe', 'cache', P, '--state-dir', site.state);
        expect(out).toMatch(/request\s+success/);
      }),
  );
});
