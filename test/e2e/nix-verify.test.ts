import { beforeAll, describe, expect, it } from '@jest/globals';
import type { CacheStatus } from '../../controller/model/cache-status.js';
import type { VerifyRun } from '../../controller/model/verify-status.js';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Finished, Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

const site = createSite('nix-verify', testEngineHost());
const { docker } = site;
const CACHE = 'nv';
const { keeper } = cacheObjects(CACHE);
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server);
  site.put('nv-a', { cache: CACHE, packages: ['hello'] });
  start();
  await controller.until('nv-a', { phase: 'Ready' }, 60_000);
});

function start(): void {
  controller = site.start({ flags: ['--listen', '127.0.0.1:0'] });
}

function verify(...flags: readonly string[]): Promise<Finished> {
  return site.command('cache', 'verify', CACHE, '--state-dir', site.state, ...flags);
}

const inKeeper = async (line: string): Promise<string> =>
  (await docker.sh(keeper, `export NIX_REMOTE=local HOME=/root; ${line}`)).text;
const hello = (): string => server.fixture.paths['hello'] ?? '';

/** Changes the file's second byte, or gives it back. */
async function write(file: string, byte: string): Promise<void> {
  const line = `chmod u+w ${file} && printf ${byte} | dd of=${file} bs=1 seek=1 conv=notrunc status=none`;
  expect(await docker.sh(keeper, line)).toEqual({ code: 0, text: '' });
}

/** What is told of the store: the condition, the metric, and the events of it, without their times. */
async function told() {
  const { conditions, verify: verified } = await cacheStatus(controller, CACHE);
  const intact = conditions.find(({ type }) => type === 'StoreIntact');
  const metrics = await (await fetch(`${await controller.address()}/metrics`)).text();
  const { items } = await controller.ask<{ items: readonly { type: string; reason: string }[] }>(
    `/api/v1/events?cache=${CACHE}`,
  );
  return {
    condition: `${intact?.status} ${intact?.reason}`,
    message: intact?.message,
    damaged: Number(/^kalpana_nix_damaged_paths\{cache="nv"\} (\d+)$/m.exec(metrics)?.[1]),
    verified: Number(/^kalpana_nix_verified_paths_total\{cache="nv"\} (\d+)$/m.exec(metrics)?.[1]),
    // What the keeper's Nix is told of is another matter.
    events: items.flatMap(({ type, reason }) => (type === 'Warning' && reason.startsWith('Store') ? [reason] : [])),
    runs: verified?.runs ?? [],
  };
}

const runOf = (finished: Finished): VerifyRun => (JSON.parse(finished.out) as { run: VerifyRun }).run;

it('a whole store is told as whole', async () => {
  expect(await told()).toMatchObject({ condition: 'Unknown NotKnown', damaged: 0, verified: 0 });
  const finished = await verify('-o', 'json');
  expect(finished.code).toBe(0);
  const valid = (await inKeeper('nix --extra-experimental-features nix-command path-info --all 2> /dev/null')).split(
    '\n',
  );
  expect(valid).toContain(hello());
  expect(runOf(finished)).toMatchObject({
    result: 'intact',
    verifiedPaths: valid.length,
    totalPaths: valid.length,
    damaged: { count: 0 },
  });
  expect(runOf(finished).verifiedBytes).toBeGreaterThan(1_000);
  expect(await told()).toMatchObject({ condition: 'True Intact', damaged: 0, verified: valid.length, events: [] });
});

describe('a changed byte', () => {
  let file: string;
  let runs: CacheStatus['verify'];

  it('is found by the share of a night, and told', async () => {
    file = (await inKeeper(`find ${hello()} -type f`)).split('\n')[0] ?? '';
    await write(file, '~');
    putCache(site, CACHE, server, { verify: { schedule: '*/2 * * * * *', share: '100%' } });
    const found = await eventually(
      async () => {
        const now = await told();
        expect(now.condition).toBe('False StoreDamaged');
        return now;
      },
      { withinMs: 60_000 },
    );
    expect(found).toMatchObject({ damaged: 1, events: ['StoreDamaged'] });
    expect(found.message).toContain(`such as ${hello()}: kalpana cache verify nv --repair`);
    expect(found.runs[0]).toMatchObject({ trigger: 'schedule', result: 'damaged', damaged: { first: [hello()] } });
    putCache(site, CACHE, server);
    await eventually(
      async () => {
        runs = (await cacheStatus(controller, CACHE)).verify;
        expect(runs).toMatchObject({ config: { share: null }, underWay: null });
      },
      { withinMs: 60_000 },
    );
  });

  it('stays told after a restart, although nobody looks again', async () => {
    await controller.stop();
    start();
    await eventually(async () => expect((await told()).condition).toBe('False StoreDamaged'), { withinMs: 60_000 });
    await eventually(async () => expect((await told()).events).toContain('StoreDamaged'), { withinMs: 60_000 });
    expect(await told()).toMatchObject({ damaged: 1, verified: 0, runs: runs?.runs });
  });

  it('is found by kalpana cache verify, which fails and changes nothing', async () => {
    // The controller has just begun anew.
    await cachePhase(controller, CACHE, 'Ready');
    expect(await verify()).toMatchObject({
      code: 1,
      out: expect.stringContaining(`  damaged ${hello()}\n`),
      err: expect.stringMatching(/\nerror: nv: 1 path of the store is not as registered, such as .* --repair /),
    });
    expect(await inKeeper(`nix-store --verify-path ${hello()}; echo $?`)).toMatch(/was modified!.*\n1$/);
    const { out } = await site.command('describe', 'cache', CACHE, '--state-dir', site.state);
    expect(out).toMatch(new RegExp(`\nVerification:[^]*Last run: .*, request, damaged, [^]*Damaged: .*${hello()}`));
  });

  it('is mended by --repair from the binary cache', async () => {
    server.forget();
    expect(await verify('--repair')).toMatchObject({ code: 0, out: expect.stringContaining(`  mended ${hello()}\n`) });
    expect(server.nars().requests).toBe(1);
    expect((await docker.sh('workspace-nv-a', 'hello')).text).toBe('hello from hello 1.0');
    expect(await inKeeper(`nix-store --verify-path ${hello()}; echo $?`)).toBe('0');
    expect(await told()).toMatchObject({ condition: 'True Intact', damaged: 0 });
  });
});

inLongRuns('contract verify-script: tells what cannot be had again', () =>
  it('what cannot be had again is told as lost, until it is whole', async () => {
    const own = await inKeeper('printf abcd > /tmp/own && nix-store --add /tmp/own');
    expect(own).toMatch(/^\/nix\/store\/[0-9a-z]{32}-own$/);
    await write(own, 'X');
    const lost = await verify('--repair', '-o', 'json');
    expect([lost.code, runOf(lost)]).toEqual([
      1,
      expect.objectContaining({ result: 'damaged', mended: { count: 0, first: [] }, lost: { count: 1, first: [own] } }),
    ]);
    const found = await told();
    expect(found).toMatchObject({ condition: 'False StoreDamaged', damaged: 1 });
    expect(found.message).toContain(`such as ${own}, and could not be had again: kalpana cache clear nv --force`);
    await write(own, 'b');
    expect((await verify()).code).toBe(0);
    expect(await told()).toMatchObject({ condition: 'True Intact', damaged: 0 });
  }),
);
