import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { FOREIGN_COLLECTIONS, foreignCollections } from '../support/gc/foreign.js';
import {
  addDead,
  buildHousehold,
  collected,
  expectGone,
  expectNoHelpers,
  expectWhole,
  type Household,
} from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands, runs } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';

// In each run nix-gc shows the same of one collection in place of five.
const site = createSite('nix-gc-foreign', testEngineHost());
const { docker } = site;
const P = 'gcf';
const hands = keeperHands(docker, P);
const COLLECTOR = 'workspace-gcf-collector';
const { words, start, workers } = foreignCollections(docker, P, COLLECTOR);
let server: TestNixCache;
let controller: Kalpana;
let house: Household;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  controller = site.start();
  house = await buildHousehold(site, controller, server, P);
  site.put('gcf-collector', { cache: P, image: TEST_NIX_IMAGE });
  await controller.ready('gcf-collector');
});

const wholeHouse = () => expectWhole(site, house, [...house.retained.values()]);

describe('collections that workspaces start, again and again', () => {
  let paths: string[];

  beforeAll(async () => {
    const [named = '', ...others] = await addDead(site, P, 20, 'first');
    paths = others;
    // Its name stands in a process's environment: our runs keep it, and who names it for deletion gets no turn.
    house = { ...house, kept: new Map([...house.kept, ['named by a process', named]]) };
    await start(named);
  });

  it('wait, and delete nothing of their own accord', async () => {
    expect((await hands.sh(`ls -d ${paths.join(' ')}`)).code).toBe(0);
    expect(await words()).not.toMatch(/ended|deleting|freed/);
    await wholeHouse();
  });

  it.each([1, 2, 3, 4, 5])(
    'get no turn when our own run lets go of the lock: run %i deletes what is dead, and nothing else goes',
    async (round) => {
      const more = await addDead(site, P, 20, `round ${round}`);
      paths.push(...more);
      const run = await collected(site, P);
      expect(run.freedPaths).toBeGreaterThanOrEqual(more.length);
      await expectGone(site, house.keeper, new Map(paths.map((path) => [path, path])));
      await wholeHouse();
      // Of their own accord: between two runs.
      const later = await addDead(site, P, 5, `later ${round}`);
      await eventually(async () => expect(await workers()).toBeGreaterThanOrEqual(FOREIGN_COLLECTIONS), {
        withinMs: 30_000,
      });
      expect((await hands.sh(`ls -d ${later.join(' ')}`)).code).toBe(0);
      await eventually(async () => expect(await hands.freeLocks()).toEqual(['s']), { withinMs: 10_000 });
      expect(await words()).not.toMatch(/deleting '/);
      paths.push(...later);
    },
  );

  it('have ended with an error, or wait; none has deleted anything', async () => {
    const told = await words();
    expect(told).toMatch(/ended [1-9]/);
    expect(told).not.toMatch(/deleting '/);
  });

  it('hold up no realisation', async () => {
    site.put('gcf-running', { cache: P, packages: ['hello', 'fresh'] });
    await eventually(async () => expect(await runs(docker, 'gcf-running', 'fresh')).toBe('fresh'), {
      withinMs: 60_000,
    });
  });

  it('leave nothing behind when their container is gone', async () => {
    site.drop('gcf-collector.json');
    await eventually(async () => expect(await docker.containerOrNull(COLLECTOR)).toBeNull(), { withinMs: 60_000 });
    await eventually(async () => expect(await workers()).toBe(0), { withinMs: 30_000 });
    await eventually(async () => expect(await hands.freeLocks()).toEqual(['s']), { withinMs: 10_000 });
    expect((await hands.sh(`ls -d ${paths.slice(-5).join(' ')}`)).code).toBe(0);
    const named = house.kept.get('named by a process') ?? '';
    house = { ...house, kept: new Map([...house.kept].filter(([, path]) => path !== named)) };
    await collected(site, P);
    await expectGone(site, house.keeper, new Map([['named', named]]));
    await expectGone(site, house.keeper, new Map(paths.map((path) => [path, path])));
    await wholeHouse();
    await expectNoHelpers(site);
  });
});
