import type { CacheStatus } from '../../model/cache-status.js';
import type { GcNews } from '../../model/gc-status.js';
import type { GcOptions } from '../actions.js';
import { ask, printed } from './ask.js';
import { EXIT } from '../exit-codes.js';
import { gcFailureText, gcResultText, type GcOutcome } from '../text/gc-text.js';
import type { CliIo } from '../io.js';
import { outcomeOf } from './outcome.js';

/**
 * Collects one cache or all of them, one after the other; `signal` ends the wait, not the collection. Returns the exit
 * code.
 */
export async function collectGarbage(io: CliIo, options: GcOptions, signal?: AbortSignal): Promise<number> {
  const { cache, dryRun, stateDir, output } = options;
  const caches = cache === null ? await allCaches(stateDir) : [cache];
  const outcomes: GcOutcome[] = [];
  try {
    for (const name of caches) {
      const outcome = await collectOne(io, name, options, signal);
      if (output === 'text' && dryRun && outcomes.length > 0) io.out('\n');
      outcomes.push(outcome);
      print(io, outcome, output);
    }
  } finally {
    // The results are printed even when the connection broke before the last cache; without any result nothing is
    // printed.
    if (output === 'json' && (outcomes.length > 0 || caches.length === 0)) io.out(printed(outcomes));
  }
  if (caches.length === 0 && output === 'text') io.out('No caches.\n');
  return outcomes.some((outcome) => gcFailureText(outcome) !== null) ? EXIT.failed : EXIT.ok;
}

async function allCaches(stateDir: string): Promise<string[]> {
  const { items } = await ask<{ items: readonly CacheStatus[] }>(stateDir, '/api/v1/caches');
  return items.map(({ name }) => name);
}

function collectOne(
  io: CliIo,
  cache: string,
  { dryRun, stateDir }: GcOptions,
  signal: AbortSignal | undefined,
): Promise<GcOutcome> {
  return outcomeOf<GcNews>(io, { stateDir, cache, action: 'gc', body: { dryRun }, signal });
}

function print(io: CliIo, outcome: GcOutcome, output: GcOptions['output']): void {
  const failure = gcFailureText(outcome);
  if (failure !== null) io.err(`error: ${failure}\n`);
  else if (output === 'text') io.out(gcResultText(outcome));
}
