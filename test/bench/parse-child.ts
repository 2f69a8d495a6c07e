import { systemClock } from '../../controller/model/clock.js';
import type { ParseFigures } from './parse.js';
import { BENCH_INSTANCE, loadReader } from './specs.js';

const [main = '', directory = '', expected = '', stateDir = ''] = process.argv.slice(2);
const { createDesiredState } = await loadReader(main);

async function timed(work: () => Promise<{ readonly workspaces: ReadonlyMap<string, unknown> }>): Promise<number> {
  const startedAt = performance.now();
  const { workspaces } = await work();
  const ms = performance.now() - startedAt;
  if (workspaces.size !== Number(expected)) throw new Error(`${workspaces.size} of ${expected} specs are valid`);
  return ms;
}

const options = {
  directories: [directory],
  secretsDir: null,
  stateDir: null,
  instance: BENCH_INSTANCE,
  clock: systemClock,
};
// The schema's compilation belongs to the first scan.
let desired: ReturnType<typeof createDesiredState> | null = null;
const firstMs = await timed(() => (desired = createDesiredState(options)).scan());
const againMs = await timed(() => desired!.scan());
const savedMs = await timed(() => createDesiredState({ ...options, stateDir }).scan());
process.stdout.write(JSON.stringify({ firstMs, againMs, savedMs } satisfies ParseFigures));
