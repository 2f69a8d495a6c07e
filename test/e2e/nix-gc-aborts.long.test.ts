import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkspaceStatus } from '../../controller/model/status.js';
import type { GcRun } from '../../controller/model/gc-status.js';
import { startEngineProxy, type EngineProxy } from '../support/e2e/proxy.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { addDead, collect, collected, expectGone, expectNoHelpers } from '../support/gc/household.js';
import type { Finished, Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { writeNixpkgs } from '../support/nix/packages.js';
import { cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

// In each run test/unit/nix/gc shows what aborts a collection (a process that cannot be read, a missing environment,
// the deadline, the engine's end, two controllers, what is refused), test/unit/nix/clearing what a clear does
// meanwhile, and test/simulation/collections that each call may fail and that realisations wait.
const site = createSite('nix-gc-aborts', testEngineHost());
const second = createSite('nix-gc-second', testEngineHost());
const { docker } = site;
const P = 'gca';
const hands = keeperHands(docker, P);
const nixpkgs = join(site.dir, 'nixpkgs');
const OWN = `derivation { name = "own"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir -p $out/bin; printf '#!/bin/sh\\necho own\\n' > $out/bin/own; chmod 755 $out/bin/own; exit 0" ]; }`;
let server: TestNixCache;
let proxy: EngineProxy;
let controller: Kalpana;
let keeperId: string;
let dead = '';
let made = 0;
const ROUNDS = 5;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  proxy = await startEngineProxy(docker.host);
  writeNixpkgs(nixpkgs, { extra: `own = ${OWN};` });
  putGc();
  start();
  site.put('gca-own', { cache: P, packages: ['own'] });
  site.put('gca-hello', { cache: P, packages: ['hello'] });
  site.put('gca-user', { cache: P, image: TEST_NIX_IMAGE });
  site.put('gca-stopped', { cache: P, packages: ['tool'], state: 'Stopped' });
  await controller.ready('gca-own', 'gca-hello', 'gca-user');
  // A process of another user than the scanner's.
  await docker.exec(
    'workspace-gca-user',
    ['sh', '-c', `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid -f sleep 100000`],
    '1000',
  );
  keeperId = (await docker.container(hands.keeper)).Id;
});

beforeEach(async () => {
  await eventually(
    async () => expect(await cacheStatus(controller, P)).toMatchObject({ phase: 'Ready', gc: { underWay: null } }),
    { withinMs: 60_000 },
  );
  [dead = ''] = await addDead(site, P, 1, `${(made += 1)}`);
});

function start(): void {
  controller = site.start({ host: proxy.host, flags: ['--listen', '127.0.0.1:0'] });
}

function putGc(gc: object = {}): void {
  putCache(site, P, server, {
    nixpkgs: '/own',
    mounts: [{ type: 'bind', source: nixpkgs, target: '/own', readOnly: true }],
    gc: { schedule: '0 4 1 1 *', retain: '1h', ...gc },
  });
}

const gc = (): Promise<Finished> => site.command('gc', P, '--state-dir', site.state);
/** The scanner is asked for its look: the daemon stands still. */
const isScan = (method: string, path: string): boolean =>
  method === 'POST' && /^\/containers\/[^/]+\/exec$/.test(path) && !path.includes(keeperId);
/** The scanner is there, and the collection in the keeper is about to begin. */
function isCollection(): (method: string, path: string) => boolean {
  let isScannerMade = false;
  return (method, path) => {
    isScannerMade ||= method === 'POST' && path === '/containers/create';
    return isScannerMade && method === 'POST' && path === `/containers/${keeperId}/exec`;
  };
}

async function abortedRuns(): Promise<number> {
  const text = await (await fetch(`${await controller.address()}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`kalpana_nix_gc_runs_total{cache="${P}",result="aborted"}`));
  return Number(line?.split(' ').at(-1));
}

/** Everything that the workspaces have is there, to the last byte, and the keeper holds its lock. */
async function expectWhole(): Promise<void> {
  expect(await runs(docker, 'gca-own', 'own')).toBe('own');
  expect(await runs(docker, 'gca-hello', 'hello')).toBe('hello from hello 1.0');
  const { code, text } = await hands.sh(
    'export NIX_REMOTE=local; nix-store -qR $(readlink -f /nix/var/nix/profiles/kalpana/*) | sort -u | xargs nix-store --verify-path',
  );
  expect({ code, text }).toEqual({ code: 0, text: '' });
  await eventually(async () => expect(await hands.freeLocks()).toEqual(['s']), { withinMs: 10_000 });
}

async function expectNormal(): Promise<GcRun> {
  const run = await collected(site, P);
  await expectGone(site, hands.keeper, new Map([['dead', dead]]));
  await expectNoHelpers(site);
  await expectWhole();
  return run;
}

/** `run` is a collection by command that has to be aborted for this reason; then the next one is normal. */
async function expectAborted(
  run: () => Promise<Finished>,
  reason: string,
  message: RegExp,
  mend: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const before = await abortedRuns();
  const { code, err } = await run();
  await mend();
  expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(message) });
  const { gc: status } = await cacheStatus(controller, P);
  expect(status?.runs[0]).toMatchObject({
    result: 'aborted',
    failure: { reason, message: expect.stringMatching(message) },
    freedBytes: 0,
    freedPaths: 0,
  });
  expect(await abortedRuns()).toBe(before + 1);
  expect((await hands.sh(`ls -d ${dead}`)).code).toBe(0);
  // An engine that was away is asked again after 30 s at the most, and each step of the mending is a command in a
  // container.
  await eventually(
    async () =>
      expect((await hands.sh('ls /run/kalpana/gc/frozen /run/kalpana/gc/collector 2>/dev/null')).text).toBe(''),
    { withinMs: 90_000 },
  );
  await cachePhase(controller, P, 'Ready');
  await expectNormal();
}

describe('a collection that is aborted deletes nothing, says why, and the next one is normal', () => {
  it('when a process cannot be read', async () => {
    const stop = proxy.rewrite(
      (method, path) => method === 'POST' && path === '/containers/create',
      (body) => {
        const host = body['HostConfig'] as { CapAdd?: string[]; PidMode?: string };
        if (host.PidMode === 'host')
          host.CapAdd = host.CapAdd?.filter((capability) => !/SYS_PTRACE/.test(capability)) ?? [];
      },
    );
    await expectAborted(
      gc,
      'ProcessUnreadable',
      /process \d+ \(.+\) of the container (workspace-gca-(own|hello|user)|kalpana-nix-keeper-gca) cannot be read/,
      async () => stop(),
    );
  });

  it('when a workspace has no environment and cannot get it', async () => {
    await controller.kill();
    await hands.sh('rm /nix/var/nix/profiles/kalpana/gca-own*');
    writeNixpkgs(nixpkgs, { extra: 'own = throw "own: not any more";' });
    start();
    await packagesAre(controller, 'gca-own', 'PackageEvaluationFailed');
    await expectAborted(gc, 'EnvironmentMissing', /the workspace gca-own /, async () =>
      writeNixpkgs(nixpkgs, { extra: `own = ${OWN};` }),
    );
  });

  it('when the engine goes away in the middle', async () => {
    const scan = proxy.hold(isScan);
    const severed = scan.reached.then(() => proxy.sever());
    await expectAborted(gc, 'EngineUnreachable', /the engine went away during scanning/, async () => proxy.restore());
    await severed;
  });

  it('at its deadline', async () => {
    putGc({ deadline: '10s' });
    await eventually(async () => expect((await cacheStatus(controller, P)).gc?.config.deadlineMs).toBe(10_000), {
      withinMs: 30_000,
    });
    const scan = proxy.hold(isScan);
    await expectAborted(
      gc,
      'GcDeadline',
      /the collection of the cache gca was not through with scanning after 10 s/,
      async () => {
        scan.letGo();
        // The next run takes longer than that on a slow machine.
        putGc();
        await eventually(
          async () => expect((await cacheStatus(controller, P)).gc?.config.deadlineMs).toBeGreaterThan(10_000),
          { withinMs: 30_000 },
        );
      },
    );
  });
});

it('a workspace without its environment gets it again, and the run succeeds', async () => {
  await hands.sh('rm /nix/var/nix/profiles/kalpana/gca-own*');
  expect(await runs(docker, 'gca-own', 'own')).toBeNull();
  await expectNormal();
});

it('a realisation under way is waited for, and the workspace has its package', async () => {
  site.put('gca-slow', { cache: P, packages: ['slow'] });
  await eventually(
    async () => expect((await cacheStatus(controller, P)).underWay).toEqual([expect.stringMatching(/^gca-slow: /)]),
    { withinMs: 30_000 },
  );
  const { heldSeconds } = await expectNormal();
  expect(heldSeconds).toBeGreaterThan(1);
  await controller.until('gca-slow', { phase: 'Ready' }, 60_000);
  expect(await runs(docker, 'gca-slow', 'slow')).toBe('slow');
});

it('packages asked for during a run wait for its end, and those that are there wait for nothing', async () => {
  const scan = proxy.hold(isScan);
  const answer = gc();
  await scan.reached;
  site.put('gca-new', { cache: P, packages: ['big1'] });
  site.put('gca-warm', { cache: P, packages: ['hello'] });
  await eventually(
    async () => {
      const { cache } = await controller.ask<WorkspaceStatus>('/api/v1/workspaces/gca-new');
      expect(cache?.progress).toBe('waiting for the end of the garbage collection');
    },
    { withinMs: 10_000 },
  );
  await controller.until('gca-warm', { phase: 'Ready' }, 10_000);
  expect(await docker.containerOrNull('workspace-gca-new')).toBeNull();
  scan.letGo();
  expect(await answer).toMatchObject({ code: 0 });
  await controller.ready('gca-new');
  expect(await runs(docker, 'gca-new', 'big1')).toBe('big');
});

describe('two controllers of one cache', () => {
  let other: Kalpana;

  beforeAll(async () => {
    putCache(second, P, server, {
      nixpkgs: '/own',
      mounts: [{ type: 'bind', source: nixpkgs, target: '/own', readOnly: true }],
      gc: { schedule: '0 4 1 1 *', retain: '1h' },
    });
    other = second.start();
    await cachePhase(other, P, 'Ready');
  });

  it("while the one collects, the other's run is aborted and names it", async () => {
    const begins = proxy.hold(isCollection());
    const first = collected(site, P);
    await begins.reached;
    const { code, news } = await collect(second, P);
    expect({ code, news }).toMatchObject({
      code: 1,
      news: {
        type: 'run',
        run: {
          result: 'aborted',
          failure: {
            reason: 'GcBusy',
            message: expect.stringContaining('the controller instance "nix-gc-aborts" is collecting this cache'),
          },
        },
      },
    });
    begins.letGo();
    await first;
    await expectGone(site, hands.keeper, new Map([['dead', dead]]));
    await expectWhole();
    await collected(second, P);
    await expectWhole();
  });

  it('at once, again and again: each run succeeds or is refused for the other, and nothing is lost', async () => {
    const ends: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await addDead(site, P, 20, `both ${round}`);
      for (const { news } of await Promise.all([collect(site, P), collect(second, P)]))
        ends.push(
          news.type !== 'run'
            ? news.type
            : news.run.failure === null
              ? news.run.result
              : `${news.run.failure.reason}: ${news.run.failure.message}`,
        );
      await expectWhole();
    }
    expect(ends.filter((end) => end !== 'success' && !end.startsWith('GcBusy: '))).toEqual([]);
    expect(ends.filter((end) => end === 'success').length).toBeGreaterThanOrEqual(ROUNDS);
    await other.stop();
    await expectNormal();
  });
});

describe('what does not go together is refused', () => {
  it('a collection, or an emptying of the cache, while a collection is under way', async () => {
    const begins = proxy.hold(isCollection());
    const first = collected(site, P);
    await begins.reached;
    expect(await gc()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/a collection of the cache gca is under way: /),
    });
    expect(await site.command('cache', 'clear', P, '--force', '--state-dir', site.state)).toMatchObject({
      code: 1,
      err: expect.stringContaining('the garbage of the cache gca is being collected: try again afterwards'),
    });
    expect((await hands.sh(`ls -d ${dead}`)).code).toBe(0);
    begins.letGo();
    await first;
    await expectGone(site, hands.keeper, new Map([['dead', dead]]));
    await expectWhole();
  });

  it('a collection while the cache is being emptied', async () => {
    const emptied = proxy.hold((method, path) => method === 'POST' && path === `/containers/${keeperId}/stop`);
    const clear = site.command('cache', 'clear', P, '--force', '--state-dir', site.state);
    await emptied.reached;
    expect(await gc()).toMatchObject({ code: 1, err: expect.stringContaining('the cache gca is being emptied') });
    emptied.letGo();
    expect((await clear).code).toBe(0);
    for (const name of ['gca-own', 'gca-hello', 'gca-user']) await controller.until(name, { phase: 'Ready' }, 60_000);
    await collected(site, P);
    await expectWhole();
  });
});
