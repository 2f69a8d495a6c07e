import { parseArgs } from 'node:util';

export const STAGES = ['cold', 'nothing', 'repair', 'cache', 'gc', 'git', 'parse', 'idle', 'scale'] as const;
export type Stage = (typeof STAGES)[number];

export interface BenchOptions {
  readonly stages: ReadonlySet<Stage>;
  /** Of the cold starts; everything else has its own number of samples. */
  readonly rounds: number;
  readonly workspaces: number;
  readonly repairs: number;
  readonly idleSeconds: number;
  /** Programs to compare with each other; the first is the one that the goals are about. */
  readonly controllers: readonly string[];
  /** Values of --concurrency to try; empty for the controller's own default. */
  readonly concurrencies: readonly string[];
}

export const USAGE = `npm run bench -- [options]
  --only LIST         of ${STAGES.join(', ')} (default: all)
  --rounds N          rounds of the cold starts, with and without packages (default: 3)
  --workspaces N      (default: 50)
  --repairs N         killed containers (default: 20)
  --idle SECONDS      how long to watch the idle controller (default: 65)
  --controller FILE   a main.js; again for others to compare with (default: dist/main.js)
  --concurrency LIST  values of the controller's option to compare (default: its own)
`;

/** Throws an error of one line. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: STAGES.join() },
      rounds: { type: 'string', default: '3' },
      workspaces: { type: 'string', default: '50' },
      repairs: { type: 'string', default: '20' },
      idle: { type: 'string', default: '65' },
      controller: { type: 'string', multiple: true, default: ['dist/main.js'] },
      concurrency: { type: 'string', default: '' },
    },
  });
  const named = values.only.split(',');
  const unknown = named.find((name) => !STAGES.some((stage) => stage === name));
  if (unknown !== undefined) throw new Error(`--only: '${unknown}' is none of ${STAGES.join(', ')}`);
  return {
    stages: new Set(STAGES.filter((stage) => named.includes(stage))),
    rounds: count('--rounds', values.rounds),
    workspaces: count('--workspaces', values.workspaces),
    repairs: count('--repairs', values.repairs),
    idleSeconds: count('--idle', values.idle),
    controllers: values.controller,
    concurrencies: values.concurrency === '' ? [] : values.concurrency.split(','),
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${option}: '${text}' is no whole number above 0`);
}
