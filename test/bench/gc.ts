import { request } from 'node:http';
import { join } from 'node:path';
import type { GcNews, GcRun } from '../../controller/model/gc-status.js';
import { cacheVolumeName, keeperName } from '../../controller/model/names.js';
import type { Bench } from './bench.js';
import { startController } from './controller-process.js';
import { openNixSite, packagedSpec, SUITE } from './nix-site.js';
import { emptyEngine, type RawEngine } from './raw-engine.js';
import { figure, median } from './report.js';
import { benchNames, writeSpecs } from './specs.js';

const WORKSPACES = 20;
const PATHS = 300;
const RUNS = 10;

/** A collection that finds nothing to delete, against Nix's own on the same store without anybody around. */
export async function measureGc(bench: Bench): Promise<void> {
  const { engine, watch, host, main, fresh, report } = bench;
  const site = await openNixSite(bench);
  try {
    await emptyEngine(engine, watch);
    const specs = writeSpecs(fresh('specs'), ['cache', ...benchNames(WORKSPACES)], (name) =>
      name === 'cache' ? site.cacheSpec() : packagedSpec(name, [SUITE]),
    );
    const stateDir = fresh('state');
    const controller = await startController({ main, host, specs, stateDir, args: [] }, WORKSPACES);
    const runs: GcRun[] = [];
    try {
      await exec(engine, keeperName('default'), ADD_PATHS);
      for (let turn = 0; turn <= RUNS; turn += 1) runs.push(await collect(join(stateDir, 'kalpana.sock')));
    } finally {
      await controller.stop();
    }
    const [first, ...quiet] = runs;
    const bare = await bareCollections(engine);
    report.title(`gc: ${first!.keptPaths} paths, ${WORKSPACES} workspaces, nothing to collect, ${RUNS} runs`);
    report.row('nix-store --gc alone, in a container that is there', 's', bare);
    report.row(
      'kalpana gc',
      's',
      quiet.map(({ seconds }) => seconds * 1_000),
    );
    report.row(
      'of it, launches with new packages are held up',
      's',
      quiet.map(({ heldSeconds }) => heldSeconds * 1_000),
    );
    const limit = 1.5 * median(bare) + 2_000;
    const took = median(quiet.map(({ seconds }) => seconds * 1_000));
    const held = Math.max(...quiet.map(({ heldSeconds }) => heldSeconds * 1_000));
    report.goal({
      name: `gc: a run with nothing to collect`,
      limit: `<= ${figure(limit, 's')}`,
      figure: figure(took, 's'),
      met: took <= limit,
    });
    report.goal({
      name: 'gc: launches held up, the longest',
      limit: '< 1.00 s',
      figure: figure(held, 's'),
      met: held < 1_000,
    });
  } finally {
    await emptyEngine(engine, watch);
    await site.close();
  }
}

/** Roots of nobody's in particular, beside what the workspaces use. */
const ADD_PATHS = `set -e; export NIX_REMOTE=local HOME=/tmp; cd /tmp; mkdir -p bench /nix/var/nix/gcroots/bench
for i in $(seq ${PATHS - 31}); do echo $i > bench/path-$i; done
for path in $(nix-store --add bench/*); do ln -s $path /nix/var/nix/gcroots/bench/; done`;

async function collect(socketPath: string): Promise<GcRun> {
  const text = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method: 'POST',
        path: '/api/v1/caches/default/gc',
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        let body = '';
        answer
          .setEncoding('utf8')
          .on('data', (chunk: string) => (body += chunk))
          .on('end', () => resolve(body))
          .on('error', reject);
      },
    );
    call.on('error', reject).end(JSON.stringify({ dryRun: false }));
  });
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as GcNews;
  if (last.type !== 'run' || last.run.result !== 'success' || last.run.freedPaths !== 0)
    throw new Error(`the collection was no quiet one: ${JSON.stringify(last)}`);
  return last.run;
}

/** The keeper's lock would keep it waiting: it is gone by then. Timed where it runs. */
async function bareCollections(engine: RawEngine): Promise<number[]> {
  const keeper = await engine.call<{ readonly Config: { readonly Image: string } }>(
    'GET',
    `/containers/${keeperName('default')}/json`,
  );
  await engine.call('DELETE', `/containers/${keeperName('default')}?force=1`);
  const mounts = [{ Type: 'volume', Source: cacheVolumeName('default'), Target: '/nix' }];
  const { Id: id } = await engine.call<{ readonly Id: string }>(
    'POST',
    '/containers/create?name=kalpana-nix-keeper-bare',
    { Image: keeper.Config.Image, Cmd: ['sleep', '1000'], HostConfig: { Mounts: mounts, NetworkMode: 'none' } },
  );
  try {
    await engine.call('POST', `/containers/${id}/start`);
    const text = await exec(
      engine,
      id,
      `export HOME=/tmp NIX_REMOTE=local; for i in $(seq ${RUNS + 1}); do a=$(date +%s%N); nix-store --gc >/dev/null 2>&1 || exit 1; echo took $(( ($(date +%s%N) - a) / 1000 )); done`,
    );
    return [...text.matchAll(/took (\d+)/g)].slice(1).map(([, microseconds]) => Number(microseconds) / 1_000);
  } finally {
    await engine.call('DELETE', `/containers/${id}?force=1`);
  }
}

async function exec(engine: RawEngine, container: string, line: string): Promise<string> {
  const { Id: id } = await engine.call<{ readonly Id: string }>('POST', `/containers/${container}/exec`, {
    Cmd: ['sh', '-c', line],
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  let text = '';
  await engine.call('POST', `/exec/${id}/start`, { Tty: true }, (chunk) => (text += chunk));
  const { ExitCode: code } = await engine.call<{ readonly ExitCode: number }>('GET', `/exec/${id}/json`);
  if (code !== 0) throw new Error(`a command in ${container} ended with ${code}: ${text}`);
  return text;
}
