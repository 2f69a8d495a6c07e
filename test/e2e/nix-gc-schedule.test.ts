import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { NixCacheSpec } from '../../controller/model/nix-cache.generated.js';
import type { GcRun } from '../../controller/model/gc-status.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { collect, collected, diskBytes, expectGone } from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

const site = createSite('nix-gc-schedule', testEngineHost());
const { docker } = site;
const LONG = 60_000;
const DAY_MS = 86_400_000;
/** It has passed this year, and comes again in the next. */
const YEARLY = '0 0 1 1 *';
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;

type Gc = NonNullable<NixCacheSpec['gc']>;

const keeperOf = (cache: string): string => cacheObjects(cache).keeper;
const runsOf = async (cache: string): Promise<readonly GcRun[]> =>
  (await cacheStatus(controller, cache)).gc?.runs ?? [];
const triggers = async (cache: string): Promise<string[]> => (await runsOf(cache)).map(({ trigger }) => trigger);

/** Writes the cache, and waits until the controller goes by it. */
async function put(cache: string, gc: Gc): Promise<void> {
  putCache(site, cache, server, { gc });
  await eventually(
    async () => {
      const { gc: now } = await cacheStatus(controller, cache);
      expect(now?.config).toMatchObject({
        schedule: gc.schedule,
        suspend: gc.suspend ?? false,
        optimise: gc.optimise ?? false,
      });
      expect([now?.config.maxBytes === null, now?.config.maxFreedPerRun === null]).toEqual([
        gc.maxBytes === undefined,
        gc.maxFreedPerRun === undefined,
      ]);
    },
    { withinMs: LONG },
  );
}

function start(): void {
  controller = site.start({ host: proxy.host, resync: 1, flags: ['--listen', '127.0.0.1:0'] });
}

/** The sum of a family's series with these labels. */
async function metric(name: string, ...labels: readonly string[]): Promise<number> {
  const text = await (await fetch(`${await controller.address()}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((one) => one.startsWith(`kalpana_${name}{`) && labels.every((label) => one.includes(label)));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** None begins before the one before it has ended. */
function expectOneAtATime(runs: readonly GcRun[]): void {
  for (const [index, later] of runs.slice(0, -1).entries()) {
    const earlier = runs[index + 1]!;
    expect(earlier.startedAt + earlier.seconds * 1_000).toBeLessThanOrEqual(later.startedAt + 1);
  }
}

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  proxy = await startEngineProxy(docker.host);
  putCache(site, 'gs', server, { gc: { schedule: YEARLY } });
  site.put('gs-a', { cache: 'gs', packages: ['big4'] });
  start();
  await cachePhase(controller, 'gs', 'Ready');
  await controller.ready('gs-a');
});

/** Makes paths of 2 MB each, of bytes that only those of one group have; gives them by name. */
async function makeNoise(groups: readonly (readonly string[])[]): Promise<ReadonlyMap<string, string>> {
  const lines = groups.map(
    (group) =>
      `head -c 2000000 /dev/urandom > noise; for n in ${group.join(' ')}; do mkdir $n; cp noise $n/noise; done`,
  );
  const names = groups.flat();
  const add = `export NIX_REMOTE=local; d=$(mktemp -d); cd $d; ${lines.join('; ')}; nix-store --add ${names.join(' ')}; cd /; rm -rf $d`;
  const { text } = await docker.sh(keeperOf('gs'), add);
  const paths = text.split('\n');
  expect({ text, count: paths.length }).toEqual({ text, count: names.length });
  return new Map(names.map((name, index) => [name, paths[index] ?? '']));
}

describe('a schedule', () => {
  const TWINS = ['twin-a', 'twin-b', 'twin-c', 'twin-d'];
  const MIB = 1_048_576;
  const inodes = async (...names: readonly string[]): Promise<string[]> =>
    (
      await docker.sh(keeperOf('gs'), `stat -c '%i %h' ${names.map((name) => `${made.get(name)}/noise`).join(' ')}`)
    ).text.split('\n');
  let made: ReadonlyMap<string, string>;

  it('of some seconds runs by itself, one run at a time, and frees maxFreedPerRun at most in each', async () => {
    expect(await triggers('gs')).toEqual([]);
    made = await makeNoise([['dead-1'], ['dead-2'], ['dead-3'], ['twin-a', 'twin-b'], ['twin-c', 'twin-d']]);
    const roots = TWINS.map((twin) => `ln -s ${made.get(twin)} /nix/var/nix/gcroots/${twin}`).join(' && ');
    expect(await docker.sh(keeperOf('gs'), roots)).toEqual({ code: 0, text: '' });
    expect(new Set(await inodes('twin-a', 'twin-b')).size).toBe(2);
    await put('gs', { schedule: '*/2 * * * * *', retain: '0s', maxFreedPerRun: '3Mi', optimise: true });
    const runs = await eventually(
      async () => {
        const found = await runsOf('gs');
        expect(found.length).toBeGreaterThanOrEqual(2);
        expect(found[0]?.leftPaths).toBe(0);
        return found;
      },
      { withinMs: LONG },
    );
    expect(new Set(runs.map(({ trigger, result }) => `${trigger} ${result}`))).toEqual(new Set(['schedule success']));
    expectOneAtATime(runs);
    expect(runs.at(-1)?.leftPaths).toBeGreaterThan(0);
    // Nix stops after the path that goes over the bound.
    expect(runs.filter(({ freedBytes }) => freedBytes > 3 * MIB + 2_100_000)).toEqual([]);
    expect(runs.reduce((sum, { freedBytes }) => sum + freedBytes, 0)).toBeGreaterThan(5_900_000);
    await expectGone(site, keeperOf('gs'), new Map([...made].filter(([name]) => name.startsWith('dead'))));
  });

  inLongRuns('unit: collector (refused while another is under way; may be suspended), due', () => {
    it('waits for a run that is under way, and so does whoever asks for one', async () => {
      const held = proxy.hold((method, path) => method === 'POST' && path === '/containers/create');
      await held.reached;
      const before = (await runsOf('gs')).length;
      const { code, news } = await collect(site, 'gs');
      expect({ code, news }).toEqual({
        code: 1,
        news: {
          type: 'refused',
          cache: 'gs',
          message: expect.stringContaining('a collection of the cache gs is under way'),
        },
      });
      // Times pass for which it would be due.
      await eventually(
        async () =>
          expect(Date.now() - ((await cacheStatus(controller, 'gs')).gc?.nextRunAt ?? Infinity)).toBeGreaterThan(
            -2_000,
          ),
        { withinMs: LONG },
      );
      await controller.resyncs(4);
      expect((await runsOf('gs')).length).toBe(before);
      held.letGo();
      await eventually(async () => expect((await runsOf('gs')).length).toBeGreaterThan(before), { withinMs: LONG });
      expectOneAtATime(await runsOf('gs'));
    });

    it('that is suspended runs nothing by itself, and whatever a person asks for', async () => {
      await put('gs', { schedule: '*/2 * * * * *', retain: '0s', suspend: true, maxBytes: '1Ki' });
      await eventually(
        async () => expect((await cacheStatus(controller, 'gs')).gc).toMatchObject({ underWay: null, nextRunAt: null }),
        { withinMs: LONG },
      );
      const before = (await runsOf('gs')).length;
      await controller.resyncs(4);
      expect((await runsOf('gs')).length).toBe(before);
      await collected(site, 'gs');
      await controller.resyncs(2);
      expect(await triggers('gs')).toEqual(['request', ...Array.from({ length: before }, () => 'schedule')]);
      await put('gs', { schedule: YEARLY });
    });
  });

  inLongRuns('contract keeper-scripts: weighs store paths only; unit gc/run', () =>
    it('leaves equal files once with optimise, and counts what goes of them as the disk has it', async () => {
      await put('gs', { schedule: YEARLY, retain: '0s', optimise: true });
      await eventually(async () => expect((await cacheStatus(controller, 'gs')).gc?.underWay).toBeNull(), {
        withinMs: LONG,
      });
      const [first, second] = await inodes('twin-a', 'twin-b');
      expect(first).toBe(second);
      // The third name is in /nix/store/.links.
      expect(first).toMatch(/ 3$/);
      await docker.sh(keeperOf('gs'), 'cd /nix/var/nix/gcroots && rm twin-b twin-c twin-d');
      const before = await diskBytes(site, keeperOf('gs'));
      const { freedPaths, freedBytes } = await collected(site, 'gs');
      const real = before - (await diskBytes(site, keeperOf('gs')));
      expect(freedPaths).toBeGreaterThanOrEqual(3);
      // All of the one pair, and nothing of the other, whose bytes its first path still has.
      expect(freedBytes).toBeGreaterThan(1_990_000);
      expect(freedBytes).toBeLessThan(2_100_000);
      expect(Math.abs(real - freedBytes)).toBeLessThan(0.02 * freedBytes);
      const links = `find /nix/store/.links -type f -size +1000k -exec stat -c %i {} +`;
      expect((await docker.sh(keeperOf('gs'), links)).text.split('\n')).toContain(first?.split(' ')[0]);
      expect(await inodes('twin-a')).toEqual([first?.replace(/ 3$/, ' 2')]);
      await docker.sh(keeperOf('gs'), 'rm /nix/var/nix/gcroots/twin-a');
    }),
  );

  it('tells its runs in the metrics', async () => {
    const runs = await runsOf('gs');
    expect(await metric('nix_gc_runs_total', 'cache="gs"', 'result="success"')).toBe(runs.length);
    expect(await metric('nix_gc_runs_total', 'cache="gs"', 'result="aborted"')).toBe(0);
    expect(await metric('nix_gc_freed_bytes_total', 'cache="gs"')).toBe(
      runs.reduce((sum, { freedBytes }) => sum + freedBytes, 0),
    );
    expect(
      Math.abs((await metric('nix_gc_last_success_timestamp_seconds', 'cache="gs"')) - Date.now() / 1_000),
    ).toBeLessThan(60);
    expect(await metric('nix_roots', 'cache="gs"', 'kind="profile"')).toBe(1);
    expect(await metric('nix_roots', 'cache="gs"')).toBe(
      Object.values(runs[0]?.roots ?? {}).reduce((sum, count) => sum + count, 0),
    );
  });
});

inLongRuns('unit pressure, due, collector; contract keeper-scripts: weighs store paths only', () =>
  describe('a store over maxBytes', () => {
    const path = (attribute: string): string => server.fixture.paths[attribute] ?? '';
    const there = async (...attributes: readonly string[]): Promise<string[]> => {
      const { text } = await docker.sh(keeperOf('gs'), `ls -d ${attributes.map(path).join(' ')} 2>/dev/null`);
      return attributes.filter((attribute) => text.includes(path(attribute)));
    };
    const flip = async (packages: readonly string[]): Promise<void> => {
      site.put('gs-a', { cache: 'gs', packages: [...packages] });
      const program = packages[0] ?? '';
      await eventually(async () => expect((await docker.sh('workspace-gs-a', program)).code).toBe(0), {
        withinMs: LONG,
      });
    };

    it('is collected between schedules, the longest unused first, and no more than it has to', async () => {
      // Not before all is there, however long that takes.
      await put('gs', { schedule: YEARLY, retain: '30d', maxBytes: '18Mi', suspend: true });
      await flip(['big1']);
      expect(await there('big4', 'big1')).toEqual(['big4', 'big1']);
      await flip(['big16']);
      await flip(['hello']);
      const before = await triggers('gs');
      // It is measured once a minute, and when a controller begins.
      await controller.stop();
      putCache(site, 'gs', server, { gc: { schedule: YEARLY, retain: '30d', maxBytes: '18Mi' } });
      start();
      await eventually(async () => expect(await triggers('gs')).toEqual(['maxBytes', ...before]), { withinMs: 85_000 });
      expect(await there('big4', 'big1', 'big16', 'hello')).toEqual(['big1', 'big16', 'hello']);
      expect((await runsOf('gs'))[0]).toMatchObject({ result: 'success', roots: { profile: 1, generation: 2 } });
      expect(await diskBytes(site, keeperOf('gs'))).toBeLessThan(18 * 1_048_576);
    });

    inLongRuns('unit: due (its roots keep it over the bound), pressure, collector (collected once)', () => {
      let earlier: readonly string[];

      it('keeps what is in use whatever it takes, and is not collected again and again for it', async () => {
        earlier = (await triggers('gs')).slice(1);
        await flip(['big16', 'big1']);
        await put('gs', { schedule: YEARLY, retain: '30d', maxBytes: '10Mi' });
        await eventually(async () => expect(await triggers('gs')).toEqual(['maxBytes', 'maxBytes', ...earlier]), {
          withinMs: LONG,
        });
        expect(await there('big16', 'big1', 'hello')).toEqual(['big16', 'big1']);
        expect((await docker.sh('workspace-gs-a', 'big16; big1')).text).toBe('big\nbig');
        const counted = await metric('nix_gc_runs_total', 'cache="gs"');
        await controller.resyncs(5);
        expect(await triggers('gs')).toEqual(['maxBytes', 'maxBytes', ...earlier]);
        expect(await metric('nix_gc_runs_total', 'cache="gs"')).toBe(counted);
      });

      it('is not collected for it after a restart either', async () => {
        await controller.stop();
        start();
        await cachePhase(controller, 'gs', 'Ready');
        await eventually(
          async () => expect((await cacheStatus(controller, 'gs')).storeBytes).toBeGreaterThan(10 * 1_048_576),
          { withinMs: LONG },
        );
        await controller.resyncs(3);
        expect(await triggers('gs')).toEqual(['maxBytes', 'maxBytes', ...earlier]);
      });
    });
  }),
);

inLongRuns('simulation: collections (made up for once); unit: due, collector', () => {
  describe('runs that were missed while the controller was down', () => {
    beforeAll(async () => {
      putCache(site, 'gm', server, { gc: { schedule: YEARLY } });
      site.put('gm-a', { cache: 'gm', packages: ['hello'] });
      await cachePhase(controller, 'gm', 'Ready');
      await controller.ready('gm-a');
    });

    /** Moves the cache's whole record back in time. */
    function age(cache: string, days: number): void {
      const file = join(site.state, 'gc.json');
      const rows = JSON.parse(readFileSync(file, 'utf8')) as [string, unknown][];
      const move = (value: unknown, key = ''): unknown => {
        if (typeof value === 'number') return ['knownSince', 'startedAt'].includes(key) ? value - days * DAY_MS : value;
        if (Array.isArray(value)) return value.map((one) => move(one));
        return typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, move(one, name)]))
          : value;
      };
      expect(rows.map(([name]) => name)).toContain(cache);
      writeFileSync(file, JSON.stringify(rows.map(([name, record]) => [name, name === cache ? move(record) : record])));
    }

    const recordOf = (cache: string): { readonly runs: readonly unknown[] } =>
      new Map(JSON.parse(readFileSync(join(site.state, 'gc.json'), 'utf8')) as [string, { runs: unknown[] }][]).get(
        cache,
      ) ?? { runs: [] };

    const ROWS = [
      ['gs', 'a cache that was collected before', 800],
      ['gm', 'a cache that was never collected', 800],
    ] as const;

    it.each(ROWS)('are made up for by exactly one: %s, %s', async (cache, kind, days) => {
      const before = await triggers(cache);
      expect({ kind, isEmpty: before.length === 0 }).toEqual({ kind, isEmpty: cache === 'gm' });
      await controller.stop();
      age(cache, days);
      // A single convergence collects nothing by itself.
      await site.once();
      expect(recordOf(cache).runs).toHaveLength(before.length);
      start();
      await eventually(async () => expect(await triggers(cache)).toEqual(['missed', ...before]), { withinMs: LONG });
      await controller.stop();
      start();
      await cachePhase(controller, cache, 'Ready');
      await controller.resyncs(3);
      expect(await triggers(cache)).toEqual(['missed', ...before]);
      expect((await cacheStatus(controller, cache)).gc?.nextRunAt).toBeGreaterThan(Date.now());
    });
  });
});

inLongRuns('contract: keeper-scripts (weighs what is there alone)', () => {
  describe('a link to a path that is not there', () => {
    it('weighs nothing, and hides nothing that does', async () => {
      putCache(site, 'gd', server, { gc: { schedule: YEARLY, retain: '30d' } });
      site.put('gd-live', { cache: 'gd', packages: ['big16'] });
      site.put('gd-a', { cache: 'gd', packages: ['big4'] });
      site.put('gd-user', { cache: 'gd', image: TEST_NIX_IMAGE, packages: ['hello'] });
      for (const name of ['gd-live', 'gd-a', 'gd-user']) await controller.until(name, { phase: 'Ready' }, LONG);
      site.put('gd-a', { cache: 'gd', packages: ['hello'] });
      await eventually(async () => expect((await docker.sh('workspace-gd-a', 'hello')).code).toBe(0), {
        withinMs: LONG,
      });
      await quietly(
        docker,
        'workspace-gd-user',
        `nix-store --add-root /workspace/result -r ${server.fixture.paths['hello']} && ln -sfn /nix/store/${'a'.repeat(32)}-absent /workspace/result`,
      );
      expect(await collected(site, 'gd')).toMatchObject({ roots: { link: 1, generation: 1 } });
      await put('gd', { schedule: YEARLY, retain: '30d', maxBytes: '18Mi' });
      await eventually(async () => expect(await triggers('gd')).toEqual(['maxBytes', 'request']), { withinMs: LONG });
      expect((await docker.sh(keeperOf('gd'), `ls -d ${server.fixture.paths['big4']}`)).code).not.toBe(0);
      expect((await docker.sh('workspace-gd-live', 'big16')).text).toBe('big');
    });
  });
});

inLongRuns('the same of paths that a keeper adds, above', () => {
  describe('a workspace that builds by itself', () => {
    const BOX = 'workspace-gf-a';
    const keeper = keeperOf('gf');

    /** A path of 2 MB that no other has the bytes of, unless it has the same `key`. */
    async function build(name: string, key: string, out: string): Promise<string> {
      const noise = `openssl enc -aes-128-ctr -K $(printf %032d ${key}) -iv $(printf %032d 0)`;
      const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir $out; head -c 2000000 /dev/zero | ${noise} > $out/noise" ]; }`;
      const { text } = await quietly(
        docker,
        BOX,
        `export HOME=/tmp; nix-build ${out} -E '${expression}' 2>/tmp/words || cat /tmp/words`,
      );
      expect(text).toMatch(new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`));
      return text;
    }

    async function realFreed(): Promise<{ run: GcRun; real: number }> {
      const before = await diskBytes(site, keeper);
      const run = await collected(site, 'gf');
      return { run, real: before - (await diskBytes(site, keeper)) };
    }

    beforeAll(async () => {
      putCache(site, 'gf', server, { gc: { schedule: YEARLY, retain: '0s', maxFreedPerRun: '3Mi' } });
      site.put('gf-a', { cache: 'gf', image: TEST_NIX_IMAGE });
      await controller.until('gf-a', { phase: 'Ready' }, LONG);
      // It needs no packages, so it waits for no keeper.
      await cachePhase(controller, 'gf', 'Ready');
      await collected(site, 'gf');
    });

    it('loses maxFreedPerRun at most in a run, is told what is left, and the next run goes on', async () => {
      const dead = [];
      for (const index of [1, 2, 3, 4, 5]) dead.push(await build(`dead-${index}`, String(index), '--no-out-link'));
      const runs: GcRun[] = [];
      let real = 0;
      do {
        const freed = await realFreed();
        runs.push(freed.run);
        real += freed.real;
        expect(Math.abs(freed.real - freed.run.freedBytes)).toBeLessThanOrEqual(0.02 * freed.run.freedBytes + 8_192);
        // It stops after the path that goes over the bound.
        expect(freed.run.freedBytes).toBeLessThan(3 * 1_048_576 + 2_100_000);
      } while ((runs.at(-1)?.leftPaths ?? 0) > 0 && runs.length < 10);
      expect(runs.length).toBeGreaterThanOrEqual(3);
      expect(runs.slice(0, -1).every(({ leftPaths, freedPaths }) => leftPaths > 0 && freedPaths > 0)).toBe(true);
      expect(runs.at(-1)?.leftPaths).toBe(0);
      expect(real).toBeGreaterThan(9_900_000);
      expect((await docker.sh(keeper, `ls -d ${dead.join(' ')} 2>/dev/null`)).text).toBe('');
    });

    it('has equal files once with optimise, and what goes of them is counted as the disk has it', async () => {
      await put('gf', { schedule: YEARLY, retain: '0s', optimise: true });
      const twins = [
        await build('twin-a', '7', '-o /workspace/twin-a'),
        await build('twin-b', '7', '-o /workspace/twin-b'),
      ];
      const inodes = async (): Promise<string[]> =>
        (await docker.sh(keeper, `stat -c '%i %h' ${twins.map((twin) => `${twin}/noise`).join(' ')}`)).text.split('\n');
      expect(new Set(await inodes()).size).toBe(2);
      await collected(site, 'gf');
      const [first, second] = await inodes();
      expect(first).toBe(second);
      // The third name is in /nix/store/.links.
      expect(first).toMatch(/ 3$/);

      await docker.sh(BOX, 'rm /workspace/twin-b');
      const one = await realFreed();
      expect(one.run.freedPaths).toBeGreaterThanOrEqual(1);
      expect(one.run.freedBytes).toBeLessThan(100_000);
      expect(Math.abs(one.real - one.run.freedBytes)).toBeLessThan(20_000);

      await docker.sh(BOX, 'rm /workspace/twin-a');
      const both = await realFreed();
      expect(both.run.freedBytes).toBeGreaterThan(1_990_000);
      expect(Math.abs(both.real - both.run.freedBytes)).toBeLessThan(0.02 * both.run.freedBytes);
      expect((await docker.sh(keeper, 'find /nix/store/.links -type f -size +1000k')).text).toBe('');
    });
  });
});
