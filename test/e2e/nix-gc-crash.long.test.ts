import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GcNews } from '../../controller/model/gc-status.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import {
  addDead,
  buildHousehold,
  collect,
  collected,
  expectGone,
  expectNoHelpers,
  expectWhole,
  type Household,
} from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands } from '../support/nix/hands.js';
import { cacheStatus } from '../support/nix/site.js';

// In each run nix-gc kills a controller while Nix deletes, test/simulation/collections kills it before each of its
// calls, and test/simulation/gc-roots kills controllers and keepers at any moment of a collection.
const site = createSite('nix-gc-crash', testEngineHost());
const { docker } = site;
const P = 'gcc';
const GC = '/run/kalpana/gc';
const hands = keeperHands(docker, P);
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;
let house: Household;
const dead = new Map<string, string>();

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  proxy = await startEngineProxy(docker.host);
  controller = site.start({ host: proxy.host });
  house = await buildHousehold(site, controller, server, P);
  // A controller that hears of it would go on with what is paused, and make calls of its own.
  proxy.events('swallow');
});

beforeEach(async () => {
  await settled();
  const { State: state } = await docker.container('workspace-gcc-paused');
  if (state.Status === 'running') await docker.pause('workspace-gcc-paused');
});

/** The controller has done what it does after its start. */
const settled = () =>
  eventually(
    async () =>
      expect(await cacheStatus(controller, P)).toMatchObject({
        phase: 'Ready',
        storeBytes: expect.any(Number),
        gc: { underWay: null },
      }),
    { withinMs: 60_000 },
  );

/**
 * What changes something, or is followed by what does. An exec does nothing before its start, and has done all before
 * the next step.
 */
const isStep = (method: string, path: string): boolean =>
  method === 'GET'
    ? path === '/containers/json'
    : (method === 'POST' && !/^\/containers\/[^/]+\/exec$/.test(path)) || method === 'DELETE';
const isScan = (keeperId: string) => (method: string, path: string) =>
  method === 'POST' && /^\/containers\/[^/]+\/exec$/.test(path) && !path.includes(keeperId);

const goesOn = () =>
  eventually(async () => expect((await hands.sh(`ls ${GC}/frozen ${GC}/collector 2>/dev/null`)).text).toBe(''), {
    withinMs: 40_000,
  });
const expectLocked = () => eventually(async () => expect(await hands.freeLocks()).toEqual(['s']), { withinMs: 10_000 });
const wholeHouse = () => expectWhole(site, house, [...house.retained.values()]);

/** What holds after every crash, as soon as a controller runs again. */
async function expectNormal(): Promise<void> {
  await settled();
  await collected(site, P);
  await wholeHouse();
  await expectGone(site, house.keeper, new Map([...house.dead, ...dead]));
  await expectNoHelpers(site);
  await expectLocked();
  expect((await hands.sh('ls /nix/var/nix/gcroots/kalpana/run 2>/dev/null')).text).toBe('');
}

describe('a controller killed in a collection', () => {
  const POINTS = 20;

  it('has as many places to be killed at as there are rows below', async () => {
    // The first has to wait until the controller has looked at what it did not hear of.
    await collected(site, P);
    const before = proxy.calls().length;
    await collected(site, P);
    const steps = proxy
      .calls()
      .slice(before)
      .filter((call) => isStep(...(call.split(' ') as [string, string])));
    expect({ steps, isCovered: steps.length > 10 && steps.length <= POINTS }).toEqual({ steps, isCovered: true });
    await wholeHouse();
  });

  const points = Array.from({ length: POINTS }, (_, index) => index + 1);

  it.each(points)('before its call %i loses nothing, and the next run is normal', async (nth) => {
    dead.set(`before call ${nth}`, await house.makeDead(`dead-${nth}`));
    const held = proxy.hold(isStep, nth);
    const answer = site.command('gc', P, '--state-dir', site.state);
    // A run may do without a call or two.
    await Promise.race([held.reached, answer]);
    await controller.kill();
    held.letGo();
    await answer;
    await goesOn();
    await expectLocked();
    await wholeHouse();
    controller = site.start({ host: proxy.host });
    await expectNormal();
  });

  it('while Nix deletes: the keeper goes on to the end and takes its lock again, without any controller', async () => {
    for (const [index, path] of (await addDead(site, P, 2_000)).entries()) dead.set(`many ${index}`, path);
    const answer = site.command('gc', P, '--state-dir', site.state);
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.underWay).toMatch(/^deleting /), {
      withinMs: 30_000,
    });
    await controller.kill();
    expect((await answer).code).toBe(1);
    expect((await hands.sh(`ls ${GC}/collector`)).code).toBe(0);
    await goesOn();
    await expectLocked();
    await expectGone(site, house.keeper, dead);
    await wholeHouse();
    controller = site.start({ host: proxy.host });
    await expectNormal();
  });

  it("while Nix deletes: the next controller's run waits for the end of that one", async () => {
    for (const [index, path] of (await addDead(site, P, 2_000)).entries()) dead.set(`more ${index}`, path);
    const answer = site.command('gc', P, '--state-dir', site.state);
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.underWay).toMatch(/^deleting /), {
      withinMs: 30_000,
    });
    await controller.kill();
    // Its Nix ends, and it does not.
    await hands.sh(`kill -STOP $(cat ${GC}/collector)`);
    await answer;
    controller = site.start({ host: proxy.host });
    await settled();
    const next = collected(site, P);
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.underWay).toBe('looking at the roots'), {
      withinMs: 20_000,
    });
    await hands.sh(`kill -CONT $(cat ${GC}/collector)`);
    await next;
    await expectNormal();
  });
});

describe('a keeper killed in a collection', () => {
  beforeAll(() => proxy.events('pass'));

  it.each(['Nix deletes', 'the daemon stands still'] as const)(
    'while %s: the run says so, nothing is lost, and the next run is normal',
    async (when) => {
      for (const [index, path] of (await addDead(site, P, when === 'Nix deletes' ? 2_000 : 5)).entries())
        dead.set(`${when} ${index}`, path);
      const { Id: id } = await docker.container(house.keeper);
      const held = when === 'Nix deletes' ? null : proxy.hold(isScan(id));
      const answer = collect(site, P);
      if (held === null)
        await eventually(async () => expect((await cacheStatus(controller, P)).gc?.underWay).toMatch(/^deleting /), {
          withinMs: 30_000,
        });
      else await held.reached;
      await docker.kill(house.keeper);
      held?.letGo();
      const { code, news } = await answer;
      // Back before the run asked it again, it is missed at the run's end only.
      expect({ code, ...outcome(news) }).toEqual({
        code: 1,
        result: expect.stringMatching(when === 'Nix deletes' ? /^failed$/ : /^(aborted|failed)$/),
        reason: 'KeeperNotReady',
        message: expect.stringMatching(/keeper/),
      });
      await eventually(async () => expect(await hands.id()).not.toBeNull(), { withinMs: 30_000 });
      await settled();
      await wholeHouse();
      if (held !== null)
        expect(
          (
            await hands.sh(
              `ls -d ${[...dead].flatMap(([kind, path]) => (kind.startsWith(when) ? [path] : [])).join(' ')}`,
            )
          ).code,
        ).toBe(0);
      await expectNormal();
    },
  );
});

function outcome(news: GcNews) {
  if (news.type !== 'run') return { news };
  const { result, failure } = news.run;
  return { result, ...failure };
}
