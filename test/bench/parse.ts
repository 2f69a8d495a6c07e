import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from './bench.js';
import { figure, median } from './report.js';
import { benchNames, richSpec, writeSpecs } from './specs.js';

const SPECS = 1_000;
const SAMPLES = 5;
const run = promisify(execFile);

/** What parse-child.ts prints. */
export interface ParseFigures {
  readonly firstMs: number;
  readonly againMs: number;
  readonly savedMs: number;
}

/** A thousand specs with every field, each time in a new process: the compiler is as cold as at a start. */
export async function measureParse({ report, main, fresh }: Bench): Promise<void> {
  const directory = writeSpecs(fresh('thousand'), benchNames(SPECS), richSpec);
  const child = fileURLToPath(new URL('parse-child.js', import.meta.url));
  const figures: ParseFigures[] = [];
  const validateMs: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const { stdout } = await run(process.execPath, [child, main, directory, String(SPECS), fresh('state')]);
    figures.push(JSON.parse(stdout) as ParseFigures);
    const startedAt = performance.now();
    await run(process.execPath, [main, 'validate', directory]);
    validateMs.push(performance.now() - startedAt);
  }
  const firstMs = figures.map((one) => one.firstMs);
  report.title(`specs: ${SPECS} in a directory, all fields, ${SAMPLES} processes`);
  report.row('first scan: read, parse, validate', 'ms', firstMs);
  report.row(
    'the same, last good versions written',
    'ms',
    figures.map((one) => one.savedMs),
  );
  report.row(
    'scan again, nothing changed',
    'ms',
    figures.map((one) => one.againMs),
  );
  report.row('kalpana validate, the whole process', 'ms', validateMs);
  const middle = median(firstMs);
  report.goal({
    name: `${SPECS} specs parsed and validated`,
    limit: '< 1 s',
    figure: figure(middle, 's'),
    met: middle < 1_000,
  });
}
