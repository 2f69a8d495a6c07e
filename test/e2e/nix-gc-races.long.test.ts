import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import type { GcRun } from '../../controller/model/gc-status.js';
import { cases } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { collected } from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';

// In each run nix-gc collects while a user and a workspace's packages build, and test/simulation/collections and
// gc-roots have environments asked for at any moment of a collection.

const site = createSite('nix-gc-races', testEngineHost());
const { docker } = site;
const CACHE = 'gz';
const { keeper } = cacheObjects(CACHE);
const LONG = 90_000;
/** Each environment is some eight processes of Nix in the keeper. */
const WAVE = cases(3, 20);
const WAVES = cases(1, 5);
/** What each package's program says; `fresh` is built, and all others are fetched. */
const PROGRAMS: Readonly<Record<string, readonly [string, string]>> = {
  hello: ['hello', 'hello from hello 1.0'],
  tool: ['tool', 'hello from tool'],
  twin: ['twin', 'twin'],
  'sub.inner': ['inner', 'inner'],
  big1: ['big1', 'big'],
  big4: ['big4', 'big'],
  fresh: ['fresh', 'fresh'],
};
const NAMES = Object.keys(PROGRAMS);
const freed = () => runs.reduce((sum, { freedPaths }) => sum + freedPaths, 0);
/** Seconds that a status may be late on a machine that is at its limits. */
const LATE_SECONDS = 3;
/** Between two looks of whoever looks all the time. */
const PACE_MS = 100;

/** A set of packages of its own for each of 1 to 127. */
const subset = (number: number): string[] => NAMES.filter((_, index) => (number >> index) % 2 === 1);

interface Wait {
  readonly workspace: string;
  readonly from: number;
  to: number;
}

let server: TestNixCache;
let controller: Kalpana;
const wanted = new Map<string, readonly string[]>();
const runs: GcRun[] = [];
const waits: Wait[] = [];

function put(name: string, packages: readonly string[]): void {
  wanted.set(name, packages);
  site.put(name, { cache: CACHE, packages: [...packages] });
}

function drop(name: string): void {
  wanted.delete(name);
  site.drop(`${name}.json`);
}

/** Ready with what it wants, in a closure that is whole, and every program runs. */
async function expectWhole(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const packages = wanted.get(name) ?? [];
    const line = packages.map((one) => PROGRAMS[one]![0]).join(' && ');
    await eventually(
      async () => {
        const { phase } = await controller.status(name);
        const { text } = await docker.sh(`workspace-${name}`, `ls -A \${PATH%%:*} | wc -l; ${line}`);
        expect({ name, phase, text }).toEqual({
          name,
          phase: 'Ready',
          text: [packages.length, ...packages.map((one) => PROGRAMS[one]![1])].join('\n'),
        });
      },
      { withinMs: LONG },
    );
  }
  const { code, text } = await docker.sh(
    keeper,
    `export NIX_REMOTE=local; cd /nix/var/nix/profiles/kalpana; nix-store --verify-path $(nix-store -qR $(readlink -f ${names.join(' ')}))`,
  );
  expect({ names, code, text }).toEqual({ names, code: 0, text: '' });
}

/** A person who copies from a container: the engine mounts its volumes on the host for so long. */
async function copy(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await call(docker.host, 'HEAD', '/containers/workspace-gz-first/archive?path=/nix/var/nix');
    await delay(PACE_MS);
  }
}

/** Looks at the workspaces again and again: who waits for a collection, since when and until when. */
async function watch(isOver: () => boolean): Promise<void> {
  const open = new Map<string, Wait>();
  while (!isOver()) {
    const { items } = await controller.list();
    const now = Date.now();
    const waiting = new Set(
      items
        .filter((one) => JSON.stringify(one.conditions).includes('waiting for the end of the garbage collection'))
        .map(({ name }) => name),
    );
    for (const [name, wait] of open) {
      wait.to = now;
      if (!waiting.has(name)) open.delete(name);
    }
    for (const name of waiting) {
      if (open.has(name)) continue;
      const wait = { workspace: name, from: now, to: now };
      open.set(name, wait);
      waits.push(wait);
    }
    await delay(PACE_MS);
  }
}

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server, { gc: { schedule: '0 0 1 1 *', retain: '0s' } });
  // Twenty specs that go at once are no accident here.
  controller = site.start({ flags: ['--allow-prune'] });
  await cachePhase(controller, CACHE, 'Ready');
  // Nobody uses the store yet.
  await collected(site, CACHE);
  site.put('gz-first', { cache: CACHE });
  await controller.ready('gz-first');
});

describe('many environments asked for while the store is collected again and again', () => {
  it('are none of them broken', async () => {
    let isOver = false;
    const collecting = (async () => {
      while (!isOver) runs.push(await collected(site, CACHE));
    })();
    const watching = watch(() => isOver);
    const copying = copy(() => isOver);
    try {
      await eventually(() => expect(runs.length).toBeGreaterThan(0), { withinMs: LONG });
      for (let wave = 0; wave < WAVES; wave += 1) {
        const names = Array.from({ length: WAVE }, (_, index) => `gz-${wave}-${index}`);
        for (const [index, name] of names.entries()) put(name, subset(wave * WAVE + index + 1));
        // What one lets go of another asks for; the next collection would take it.
        const [here, there] = wave % 2 === 0 ? [subset(120), subset(121)] : [subset(121), subset(120)];
        put('gz-flip', here);
        put('gz-flop', there);
        put('gz-again', subset(122));
        await expectWhole(['gz-flip', 'gz-flop', 'gz-again']);
        put('gz-flip', there);
        put('gz-flop', here);
        drop('gz-again');
        await eventually(async () => expect(await docker.containerOrNull('workspace-gz-again')).toBeNull(), {
          withinMs: LONG,
        });
        put('gz-again', subset(122));
        await expectWhole(['gz-flip', 'gz-flop', 'gz-again', ...names]);
        // One stays, which the last look is at.
        for (const name of wave < WAVES - 1 ? names : names.slice(1)) drop(name);
      }
      // Where collections are long, the first that begins now takes what the waves have left.
      await eventually(() => expect(freed()).toBeGreaterThan(1.6 * (WAVE * WAVES - 1)), { withinMs: LONG });
    } finally {
      isOver = true;
      await Promise.all([collecting, watching, copying]);
    }
    expect(runs.length).toBeGreaterThanOrEqual(WAVES);
  });

  it('wait no longer than the run that they meet', () => {
    expect(runs.filter(({ heldSeconds, seconds }) => heldSeconds > seconds)).toEqual([]);
    const ends = (run: GcRun) => run.startedAt + run.seconds * 1_000;
    const tooLong = waits.filter(({ from, to }) => {
      const met = runs.filter((run) => run.startedAt <= to && ends(run) >= from - LATE_SECONDS * 1_000);
      return to - from > Math.max(0, ...met.map(({ seconds }) => seconds)) * 1_000 + LATE_SECONDS * 1_000;
    });
    expect(tooLong.map((wait) => ({ ...wait, seconds: (wait.to - wait.from) / 1_000 }))).toEqual([]);
  });

  it('leave nothing in the store but what is in use, and the derivations that Nix keeps for it', async () => {
    await collected(site, CACHE);
    const { text } = await docker.sh(
      keeper,
      [
        'export NIX_REMOTE=local; cd /nix/var/nix/profiles/kalpana',
        'nix-store -qR $(readlink -f *) | sort -u > /tmp/live; cp /tmp/live /tmp/kept',
        'for drv in /nix/store/*.drv; do for out in $(nix-store -q --outputs $drv); do if grep -qx $out /tmp/live; then nix-store -qR $drv; fi; done; done >> /tmp/kept',
        'ls -d /nix/store/* | grep -vxF -f /tmp/kept',
      ].join('\n'),
    );
    expect(text).toBe('');
    const environments = new Set([...wanted.values()].map((packages) => packages.join()));
    expect((await docker.sh(keeper, `ls /nix/store | grep -cE -- '-kalpana-env-[0-9a-f]{32}$'`)).text).toBe(
      String(environments.size),
    );
    await expectWhole([...wanted.keys()]);
  });
});
