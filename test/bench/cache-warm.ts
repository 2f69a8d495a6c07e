import { containerName, dataVolumeName, keeperName } from '../../controller/model/names.js';
import type { Bench } from './bench.js';
import type { RunningController } from './controller-process.js';
import { nowMs, type SeenEvent } from './engine-watch.js';
import { makeRaw, rawWorkspaces, type RawWorkspace } from './floor.js';
import { packagedSpec, putSpecs, SUITE } from './nix-site.js';
import { figure, median, ratios } from './report.js';
import { readDesired, writeSpecs } from './specs.js';

const PAIRS = 20;
/** The first ones warm compilers and page caches up, on both sides. */
const WARM_UP = 2;
const REST_MS = 400;
/** The bare ones are labelled as another instance's: the controller that is measured must not remove them. */
const OTHER_INSTANCE = 'bench-bare';

interface Start {
  /** From the file's rename, or from the first call. */
  readonly wholeMs: number;
  /** From the first event on the engine. */
  readonly engineMs: number;
  /** From the event of the data volume's creation. */
  readonly volumeMs: number;
}

/**
 * A workspace whose packages are there already, against the same container by three bare calls.
 *
 * What is fair: both are told by the engine's events, and ours from the first thing that it does on the engine for this
 * workspace, be it the profile's link (an exec in the keeper) or the data volume; the bare one from its volume, whose
 * call was under way before the event. What comes before, ours alone, is how a file becomes known: the watcher's pause
 * for writers that are not finished (25 ms), reading, planning. It is printed too, with the ratio of the whole.
 */
export async function measureWarmStart(bench: Bench, controller: RunningController, specs: string): Promise<void> {
  const { report, watch, main, fresh } = bench;
  const names = Array.from({ length: PAIRS + WARM_UP }, (_, index) => `warm-${String(index + 1).padStart(2, '0')}`);
  const bare = rawWorkspaces(
    await readDesired(
      main,
      writeSpecs(
        fresh('specs'),
        names.map((name) => `bare-${name}`),
        (name) => packagedSpec(name, [SUITE]),
      ),
    ),
    OTHER_INSTANCE,
  );
  const pairs: { readonly ours: Start; readonly theirs: Start }[] = [];
  for (const [index, name] of names.entries()) {
    const start = { ours: () => startOurs(bench, specs, name), theirs: () => startBare(bench, bare[index]!) };
    const results: { ours?: Start; theirs?: Start } = {};
    for (const who of index % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const)) {
      await watch.quiet(REST_MS);
      results[who] = await start[who]();
    }
    pairs.push(results as { ours: Start; theirs: Start });
    await controller.ready(index + 2);
  }
  const taken = pairs.slice(WARM_UP);
  const [ours, theirs] = [taken.map((pair) => pair.ours), taken.map((pair) => pair.theirs)];
  const of = (starts: readonly Start[], field: keyof Start) => starts.map((start) => start[field]);
  const over = ratios(of(ours, 'engineMs'), of(theirs, 'engineMs'));
  report.title(`cache: a warm start, ${PAIRS} in turns with a bare container of the same mounts`);
  report.row('kalpana, from its first event on the engine to the start', 'ms', of(ours, 'engineMs'));
  report.row("kalpana, from the data volume's event to the start", 'ms', of(ours, 'volumeMs'));
  report.row("bare, from the data volume's event to the start", 'ms', of(theirs, 'engineMs'));
  report.row('kalpana / bare', 'x', over);
  report.row(
    "kalpana, from the file's rename to its first event",
    'ms',
    ours.map(({ wholeMs, engineMs }) => wholeMs - engineMs),
  );
  report.row("kalpana, from the file's rename to the start", 'ms', of(ours, 'wholeMs'));
  report.row('bare, from the first call to the start', 'ms', of(theirs, 'wholeMs'));
  report.row('kalpana from the rename / bare from the call', 'x', ratios(of(ours, 'wholeMs'), of(theirs, 'wholeMs')));
  const ratio = median(over);
  report.goal({
    name: 'cache: a warm start / a bare container',
    limit: '<= 1.10',
    figure: figure(ratio, 'x'),
    met: ratio <= 1.1,
  });
}

async function startOurs({ watch }: Bench, specs: string, name: string): Promise<Start> {
  const sinceMs = putSpecs(specs, [{ name, spec: packagedSpec(name, [SUITE]) }]);
  const start = await watch.waitFor(sinceMs, isStartOf(containerName(name)));
  const volume = await watch.waitFor(sinceMs, isMakingOf(dataVolumeName(name)));
  const first = await watch.waitFor(
    sinceMs,
    (event) => event === volume || (event.name === keeperName('default') && event.action.startsWith('exec_create')),
  );
  return startFrom(sinceMs, first, volume, start);
}

async function startBare({ engine, watch }: Bench, workspace: RawWorkspace): Promise<Start> {
  const sinceMs = nowMs();
  await makeRaw(engine, workspace);
  const start = await watch.waitFor(sinceMs, isStartOf(workspace.container));
  const volume = await watch.waitFor(sinceMs, isMakingOf(workspace.volume));
  return startFrom(sinceMs, volume, volume, start);
}

function startFrom(sinceMs: number, first: SeenEvent, volume: SeenEvent, start: SeenEvent): Start {
  return { wholeMs: start.atMs - sinceMs, engineMs: start.atMs - first.atMs, volumeMs: start.atMs - volume.atMs };
}

function isStartOf(container: string): (event: SeenEvent) => boolean {
  return (event) => event.type === 'container' && event.action === 'start' && event.name === container;
}

function isMakingOf(volume: string): (event: SeenEvent) => boolean {
  return (event) => event.type === 'volume' && event.action === 'create' && event.id === volume;
}
