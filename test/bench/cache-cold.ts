import type { Bench } from './bench.js';
import { startController } from './controller-process.js';
import { measureDisk } from './cache-disk.js';
import { nowMs } from './engine-watch.js';
import { FLOOR_CONCURRENCIES, rawWorkspaces, runFloor } from './floor.js';
import { packagedSpec, putSpecs, SUITE, type NixSite } from './nix-site.js';
import { emptyEngine } from './raw-engine.js';
import { figure, median } from './report.js';
import { benchNames, readDesired, writeSpecs } from './specs.js';

const WORKSPACES = 10;

interface Fetched {
  /** GETs of the NAR that was asked for most. */
  readonly mostPerPath: number;
  readonly paths: number;
  readonly narBytes: number;
  readonly allBytes: number;
}

/**
 * Ten workspaces with the same packages at once, from an empty cache, against one. The keeper runs before the clock
 * does, on both sides: it is made once a host, and as an addend on both it would only bring their ratio nearer to 1.
 */
export async function measureColdPackages(bench: Bench, site: NixSite): Promise<void> {
  const { options, report } = bench;
  const { closure } = site;
  const floors = new Map(FLOOR_CONCURRENCIES.map((concurrency) => [concurrency, [] as number[]]));
  const one: number[] = [];
  const ten: number[] = [];
  const fetched: Fetched[] = [];
  report.title(
    `cache: ${WORKSPACES} workspaces with the same ${closure.paths.length} paths (${figure(closure.bytes, 'MB')}), ${options.rounds} rounds`,
  );
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [concurrency, samples] of floors) samples.push(await bareStarts(bench, site, concurrency));
    one.push(await fromEmptyCache(bench, site, 1));
    ten.push(await fromEmptyCache(bench, site, WORKSPACES));
    fetched.push(fetchedFrom(site));
  }
  const [best] = [...floors].sort(([, a], [, b]) => median(a) - median(b));
  const [concurrency, bare] = best!;
  const over = ten.map((ms, round) => ms / (one[round]! + bare[round]!));
  report.row("one workspace, from its file's rename to its start", 's', one);
  report.row(`${WORKSPACES} bare containers, ${concurrency} at once`, 's', bare);
  report.row(`${WORKSPACES} workspaces, from the first rename to the last start`, 's', ten);
  report.row(`${WORKSPACES} workspaces / (one + ${WORKSPACES} bare starts)`, 'x', over);
  const most = Math.max(...fetched.map(({ mostPerPath }) => mostPerPath));
  const share = Math.max(...fetched.map(({ narBytes }) => narBytes)) / closure.bytes;
  const { paths, narBytes, allBytes } = fetched.at(-1)!;
  report.note(
    `fetched for ${WORKSPACES}: ${paths} paths, ${narBytes} bytes of NARs (one closure: ${closure.bytes}), ${allBytes} with what describes them`,
  );
  const ratio = median(over);
  report.goal({
    name: `cache: requests per path for ${WORKSPACES} workspaces`,
    limit: '<= 1',
    figure: String(most),
    met: most === 1 && paths === closure.paths.length,
  });
  report.goal({
    name: `cache: bytes for ${WORKSPACES} / bytes of one closure`,
    limit: '<= 1.00',
    figure: figure(share, 'x'),
    met: share <= 1,
  });
  report.goal({
    name: `cache: ${WORKSPACES} cold / (one cold + ${WORKSPACES} bare)`,
    limit: '<= 1.50',
    figure: figure(ratio, 'x'),
    met: ratio <= 1.5,
  });
  // The last round's ten are still there.
  await measureDisk(bench, site, WORKSPACES);
}

async function fromEmptyCache(bench: Bench, { server, cacheSpec }: NixSite, count: number): Promise<number> {
  const { engine, watch, host, main, fresh } = bench;
  await emptyEngine(engine, watch);
  const specs = writeSpecs(fresh('specs'), ['cache'], cacheSpec);
  const controller = await startController({ main, host, specs, stateDir: fresh('state'), args: [] }, 0);
  try {
    await watch.quiet(500);
    server.forget();
    const sinceMs = putSpecs(
      specs,
      benchNames(count).map((name) => ({ name, spec: packagedSpec(name, [SUITE]) })),
    );
    const startedMs = (await watch.allStarted(count, sinceMs)) - sinceMs;
    // What would be fetched a second time has its chance before anybody counts.
    await controller.ready(count);
    return startedMs;
  } finally {
    await controller.stop();
  }
}

function fetchedFrom({ server }: NixSite): Fetched {
  const requests = server.requests();
  const perPath = new Map<string, number>();
  for (const { method, path } of requests)
    if (method === 'GET' && path.startsWith('/nar/')) perPath.set(path, (perPath.get(path) ?? 0) + 1);
  return {
    mostPerPath: Math.max(...perPath.values()),
    paths: perPath.size,
    narBytes: server.nars().bytes,
    allBytes: requests.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

async function bareStarts(bench: Bench, { cacheSpec }: NixSite, concurrency: number): Promise<number> {
  const { engine, watch, main, fresh } = bench;
  const names = benchNames(WORKSPACES);
  const directory = writeSpecs(fresh('specs'), ['cache', ...names], (name) =>
    name === 'cache' ? cacheSpec() : packagedSpec(name, [SUITE]),
  );
  const workspaces = rawWorkspaces(await readDesired(main, directory));
  await emptyEngine(engine, watch);
  const sinceMs = nowMs();
  await runFloor(engine, workspaces, concurrency);
  return (await watch.allStarted(WORKSPACES, sinceMs)) - sinceMs;
}
