import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { layoutOf } from '../../deploy/setup/engine.mjs';
import { answers } from '../../deploy/setup/engine-api.mjs';
import { startScratchEngine, type ScratchEngine } from '../support/e2e/engine.js';
import { IS_LONG, inLongRuns, variants } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { startEngineProxy } from '../support/e2e/proxy.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { makeSite, type Site } from '../support/e2e/kalpana-site.js';
import { NO_CACHE } from '../support/e2e/kalpana-specs.js';
import { importKeeper } from '../support/nix/images.js';

let engine: ScratchEngine;
let site: Site;

beforeAll(async () => {
  engine = await startScratchEngine();
  // In a long run with a cache: its keeper has to come back, too.
  if (IS_LONG) await importKeeper(engine.host);
  site = makeSite('out', engine.host, IS_LONG ? {} : NO_CACHE);
});

/** dockerd's containerd dies with it, a moment later; a dockerd that starts before that waits for it in vain. */
async function crash(): Promise<void> {
  const containerd = Number(readFileSync(join(layoutOf(engine.dir).execRoot, 'containerd/containerd.pid'), 'utf8'));
  const state = () =>
    existsSync(`/proc/${containerd}/stat`)
      ? readFileSync(`/proc/${containerd}/stat`, 'utf8').replace(/^.*\) /, '')[0]
      : 'gone';
  engine.kill();
  await eventually(() => expect(['gone', 'Z', 'X']).toContain(state()), { withinMs: 10_000 });
}

const NAMES = ['out-1', 'out-2', 'out-3', 'out-4', 'out-5', 'out-6'];
const ALL_UP = NAMES.map((name) => `workspace-${name}: running`);

function putAll(generation: number): void {
  for (const name of NAMES) site.put(name, { env: [{ name: 'GENERATION', value: String(generation) }] });
}

/** Everything is as the specs of `generation` want it, once and without leftovers, and the data is there. */
async function expectConverged(kalpana: Kalpana, generation: number): Promise<void> {
  await eventually(
    async () => {
      expect(await site.docker.list(site.label)).toEqual(ALL_UP);
      for (const name of NAMES)
        expect((await site.docker.container(`workspace-${name}`)).Config.Env).toContain(`GENERATION=${generation}`);
    },
    { withinMs: 60_000 },
  );
  await kalpana.ready(...NAMES);
  expect(await site.docker.volumes(site.label)).toEqual(NAMES.map((name) => `kalpana-workspace-${name}`));
  expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n' });
  for (const name of NAMES) expect(await site.docker.read(`workspace-${name}`, '/workspace/file')).toBe(name);
}

async function ids(): Promise<string[]> {
  return (await site.docker.ids(site.label)).sort();
}

describe('the engine away', () => {
  let kalpana: Kalpana;
  let base: string;

  it('six workspaces run to begin with; /readyz says so', async () => {
    kalpana = site.start({ resync: 1, flags: ['--listen', '127.0.0.1:0'] });
    putAll(0);
    await kalpana.ready(...NAMES);
    await Promise.all(NAMES.map((name) => site.docker.sh(`workspace-${name}`, `echo ${name} > /workspace/file`)));
    base = await kalpana.address();
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  it('killed and started again: /readyz 503 and engine_up 0 meanwhile, nothing is made twice, all converges', async () => {
    const before = await ids();
    await crash();
    await eventually(
      async () => {
        const ready = await fetch(`${base}/readyz`);
        expect({ status: ready.status, text: await ready.text() }).toMatchObject({
          status: 503,
          text: expect.stringContaining('cannot be reached'),
        });
      },
      { withinMs: 20_000 },
    );
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^kalpana_engine_up 0$/m);
    await eventually(
      async () =>
        expect((await kalpana.status('out-1')).conditions).toContainEqual(
          expect.objectContaining({ type: 'Ready', status: 'Unknown', reason: 'EngineUnreachable' }),
        ),
      { withinMs: 20_000 },
    );
    // A spec that changes meanwhile is not lost.
    site.put('out-1', { env: [{ name: 'GENERATION', value: '0' }], resources: { pids: 99 } });
    await engine.start();
    await expectConverged(kalpana, 0);
    await eventually(
      async () => expect((await site.docker.container('workspace-out-1')).HostConfig.PidsLimit).toBe(99),
      { withinMs: 20_000 },
    );
    expect(await ids()).toEqual(before);
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    putAll(0);
  });

  inLongRuns('contract connection, requests: an engine that is silent; simulation histories', () =>
    it('standing still (SIGSTOP) for some seconds: no wrong action, then full convergence', async () => {
      const before = await ids();
      engine.pause();
      await eventually(async () => expect(await answers(engine.host, { timeoutMs: 300 })).toBe(false), {
        withinMs: 10_000,
      });
      site.put('out-2', { env: [{ name: 'GENERATION', value: '0' }], resources: { pids: 98 } });
      await eventually(async () => expect(await answers(engine.host, { timeoutMs: 3_000 })).toBe(false), {
        withinMs: 10_000,
      });
      engine.resume();
      await eventually(
        async () => expect((await site.docker.container('workspace-out-2')).HostConfig.PidsLimit).toBe(98),
        { withinMs: 40_000 },
      );
      await expectConverged(kalpana, 0);
      expect(await ids()).toEqual(before);
    }),
  );

  const OUTAGES: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'killed and started',
      async () => {
        await crash();
        await engine.start();
      },
    ],
    ['restarted in order', () => engine.restart()],
  ];
  it.each(variants(OUTAGES))(
    '%s in the middle of the recreation of all six: no duplicate, no .next, data kept',
    async (how, outage) => {
      const generation = how.startsWith('killed') ? 1 : 2;
      const done = () =>
        kalpana.logs().filter(({ msg, operation }) => msg === 'operation' && String(operation).includes('.next'))
          .length;
      const before = done();
      putAll(generation);
      await eventually(() => expect(done()).toBeGreaterThan(before + 3), { withinMs: 30_000 });
      await outage();
      await expectConverged(kalpana, generation);
      await kalpana.stop();
      kalpana = site.start({ resync: 1 });
    },
  );

  // The simulation loses the answer to each call (crash-points).
  const LOST = [
    ['create', 10, 'POST', /^\/containers\/create$/],
    ['start', 11, 'POST', /\/start$/],
    ['rename', 12, 'POST', /\/rename$/],
    ['remove', 13, 'DELETE', /^\/containers\/[^/]+$/],
  ] as const;
  inLongRuns('simulation crash-points: the answer to each call is lost', () =>
    it.each(variants(LOST))(
      'the answer to a %s lost in the middle of a recreation: nothing is made twice, all converges',
      async (_verb, generation, wanted, path) => {
        await kalpana.stop();
        const proxy = await startEngineProxy(engine.host);
        const lost = proxy.loseAnswer((method, called) => path.test(called) && method === wanted);
        const through = site.start({ host: proxy.host });
        putAll(generation);
        await lost;
        await expectConverged(through, generation);
        await through.stop();
        await proxy.close();
        kalpana = site.start();
      },
    ),
  );

  inLongRuns('drift: an event stream that is cut; simulation histories', () =>
    it('the event stream cut again and again during a recreation of all six: full convergence', async () => {
      await kalpana.stop();
      const proxy = await startEngineProxy(engine.host);
      const through = site.start({ host: proxy.host });
      await through.ready(...NAMES);
      putAll(30);
      for (let cut = 0; cut < 5; cut += 1) {
        const streams = proxy.streams();
        proxy.events('pass');
        await eventually(() => expect(proxy.streams()).toBeGreaterThan(streams), { withinMs: 20_000 });
      }
      await expectConverged(through, 30);
      await through.stop();
    }),
  );
});
