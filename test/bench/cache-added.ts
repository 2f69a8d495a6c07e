import { containerName } from '../../controller/model/names.js';
import type { Bench } from './bench.js';
import type { RunningController } from './controller-process.js';
import { nowMs } from './engine-watch.js';
import { packagedSpec, putSpecs, SUITE } from './nix-site.js';
import { figure } from './report.js';

const SAMPLES = 10;
const NAME = 'growing';
const REST_MS = 500;
/** A shell remembers where it found a program. */
const LOOK = `hash -r; command -v ${SUITE} >/dev/null`;

/**
 * A package more in the spec of a running workspace, its paths fetched already: how long until its program is on PATH
 * in there. Each sample is an environment that nobody has had yet, so that it has to be evaluated and put together.
 * One exec waits inside for each: looking costs a `usleep`, and no call.
 */
export async function measureAddedPackage(bench: Bench, controller: RunningController, specs: string): Promise<void> {
  const { report, watch } = bench;
  const put = (packages: readonly string[]) => putSpecs(specs, [{ name: NAME, spec: packagedSpec(NAME, packages) }]);
  const before = (await controller.scrape()).get('workspaces{phase="Ready"}') ?? 0;
  put(['part1']);
  await controller.ready(before + 1);
  const fresh: number[] = [];
  const known: number[] = [];
  for (let sample = 1; sample <= SAMPLES; sample += 1) {
    const base = `part${sample}`;
    for (const samples of [fresh, known]) {
      put([base]);
      await toldInside(bench, `while ${LOOK}; do usleep 5000; done`).saidAtMs;
      await controller.ready(before + 1);
      await watch.quiet(REST_MS);
      const inside = toldInside(bench, `until ${LOOK}; do usleep 5000; done`);
      await inside.startedAtMs;
      const sinceMs = put([base, SUITE]);
      samples.push((await inside.saidAtMs) - sinceMs);
    }
  }
  report.title(`cache: a package added to a running workspace, its paths fetched already, ${SAMPLES} times`);
  report.row("from the file's rename to the program on PATH", 'ms', fresh);
  report.row('the same where another workspace had these packages', 'ms', known);
  const most = Math.max(...fresh);
  report.goal({
    name: 'cache: an added package on PATH, the slowest',
    limit: '<= 1.00 s',
    figure: figure(most, 's'),
    met: most <= 1_000,
  });
}

/**
 * Runs a loop in the workspace; `startedAtMs` and `saidAtMs` resolve when it looks for the first time, and when it has
 * ended.
 */
function toldInside(
  { engine }: Bench,
  loop: string,
): { readonly startedAtMs: Promise<number>; readonly saidAtMs: Promise<number> } {
  const said = ['begins', 'ends'].map((word) => {
    let tell: (atMs: number) => void = () => undefined;
    const atMs = new Promise<number>((resolve) => (tell = resolve));
    return { word, atMs, tell };
  });
  const run = async () => {
    const body = { AttachStdout: true, Tty: true, Cmd: ['sh', '-c', `echo begins; ${loop}; echo ends`] };
    const { Id: id } = await engine.call<{ readonly Id: string }>(
      'POST',
      `/containers/${containerName(NAME)}/exec`,
      body,
    );
    let text = '';
    await engine.call('POST', `/exec/${id}/start`, { Detach: false, Tty: true }, (chunk) => {
      text += chunk;
      for (const { word, tell } of said) if (text.includes(word)) tell(nowMs());
    });
  };
  const failed = run().then(() => new Promise<number>(() => undefined));
  const [startedAtMs, saidAtMs] = said.map(({ atMs }) => Promise.race([atMs, failed])) as [
    Promise<number>,
    Promise<number>,
  ];
  startedAtMs.catch(() => undefined);
  return { startedAtMs, saidAtMs };
}
