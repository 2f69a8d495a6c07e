import type { CallOptions } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { lookAgain } from './link-look.js';
import { pathsInUse } from './processes.js';
import type { KnownLink } from './root-inventory.js';
import { found, planNow, type GcRunState } from './run-state.js';
import { linkSourcesOf } from './step-preparing.js';

/** Brings the daemon to a standstill; links that were made meanwhile become roots too. */
export async function freezing(run: GcRunState, calls: CallOptions): Promise<void> {
  const before = run.users;
  const [links, now] = await Promise.all([beginCollection(run, calls), run.deps.listUsers(calls)]);
  await lookAgain(run.look, linkSourcesOf(run), { before, now, known: found(run.inventory).links, links }, calls);
  run.users = now;
}

/** Begins the collection in the keeper; gives the links that clients made until the daemon stood still. */
function beginCollection(run: GcRunState, calls: CallOptions): Promise<readonly KnownLink[]> {
  const { commands, config, onProgress } = run.deps;
  return new Promise((resolve, reject) => {
    const collecting = commands.collect(
      {
        dryRun: run.dryRun,
        maxFreed: config.maxFreedPerRun,
        graceMs: config.graceMs,
        onFrozen: (links, collector) => {
          run.collector = collector;
          resolve(links);
        },
        onDeleting: (path, count) => onProgress(`deleting ${path.slice('/nix/store/'.length + 33)} (${count})`),
      },
      calls,
    );
    run.collecting = collecting;
    collecting.then(
      () => reject(new Error('the collection ended before the daemon stood still')),
      (error: unknown) => {
        // A collection that is not this run's is not this run's to end.
        if (error instanceof FailureError && error.failure.reason === 'GcBusy') run.collecting = null;
        reject(error);
      },
    );
  });
}

/** What running processes use becomes a root for this run; a dry run goes on to the collection at once. */
export async function scanning(run: GcRunState, calls: CallOptions): Promise<void> {
  const { docker, commands } = run.deps;
  run.processes = await pathsInUse(docker, found(run.scanner), run.users, calls);
  run.plan = planNow(run);
  if (run.dryRun)
    await commands.changeRoots({ pin: run.look.found, run: run.processes, go: found(run.collector) }, calls);
}
