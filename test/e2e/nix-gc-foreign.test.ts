import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
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

// F8: any client may ask the daemon for a collection, which knows nothing of what runs next door.
const site = createSite('nix-gc-foreign', testEngineHost());
const { docker } = site;
const P = 'gcf';
const hands = keeperHands(docker, P);
const USERS = ['0', '1000'];
const COMMANDS = [
  'nix-collect-garbage',
  'nix-collect-garbage -d',
  'nix-store --gc',
  'nix --extra-experimental-features nix-command store gc',
  'nix-store --delete $DEAD',
  'nix --extra-experimental-features nix-command store delete $DEAD',
];
const COLLECTOR = 'workspace-gcf-collector';
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
/** The daemon's workers, one a connection. */
const workers = async () =>
  Number((await hands.sh('grep -lx nix-daemon /proc/[0-9]*/comm 2>/dev/null | wc -l')).text) - 1;
const words = async () => (await docker.sh(COLLECTOR, 'cat /tmp/foreign-* 2>/dev/null')).text;

/** Each of the commands by each user, again as soon as it has ended, as long as the container runs. */
async function startForeign(dead: string): Promise<void> {
  for (const user of USERS) {
    const lines = COMMANDS.map(
      (command, index) => `while :; do ${command}; echo "ended $?"; done > /tmp/foreign-$(id -u)-${index} 2>&1 &`,
    ).join('\n');
    await docker.exec(
      COLLECTOR,
      [
        'bash',
        '-c',
        `trap '' HUP; export DEAD=${dead} HOME=/tmp; exec </dev/null >/dev/null 2>&1; set -m; ${lines}\n true`,
      ],
      user,
    );
  }
}

describe('collections that workspaces start, again and again', () => {
  let paths: string[];

  beforeAll(async () => {
    const [named = '', ...others] = await addDead(site, P, 20, 'first');
    paths = others;
    // Its name stands in a process's environment: our runs keep it, and who names it for deletion gets no turn.
    house = { ...house, kept: new Map([...house.kept, ['named by a process', named]]) };
    await startForeign(named);
    await eventually(
      async () =>
        expect(
          (await words()).match(/waiting for the big garbage collector lock/g)?.length ?? 0,
        ).toBeGreaterThanOrEqual(USERS.length * COMMANDS.length),
      { withinMs: 60_000 },
    );
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
      await eventually(async () => expect(await workers()).toBeGreaterThanOrEqual(USERS.length * COMMANDS.length), {
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
