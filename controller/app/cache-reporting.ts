import type { CacheEvent } from '../model/cache-event.js';
import { explain } from '../model/reasons.js';
import { gcEvent } from '../status/gc-event.js';
import { verifyEvent } from '../status/verify-event.js';
import type { StatusStore } from '../status/store.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';

type EventOf<T extends CacheEvent['type']> = Extract<CacheEvent, { type: T }>;

export interface CacheReportingDependencies {
  readonly store: StatusStore;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Shows the progress of a realisation to a person at a terminal. */
  readonly onRealising: (cache: string, workspaces: readonly string[], words: string) => void;
}

/** Records a cache event in status, metrics and log. */
export function reportCacheEvent(event: CacheEvent, deps: CacheReportingDependencies): void {
  const { store, metrics, log } = deps;
  switch (event.type) {
    case 'reported':
      return store.reportCache(event.report);
    case 'linked': {
      const { cache, workspace, use } = event;
      metrics.cacheUsed({ cache, use });
      return log.debug({ cache, key: workspace, use }, 'packages are in place');
    }
    case 'realising':
      return reportProgress(event, deps);
    case 'realised':
      return reportRealised(event, deps);
    case 'gc-step': {
      const { cache, step, seconds } = event;
      return log.debug({ cache, step, seconds }, 'garbage collection step');
    }
    case 'gc-ended':
      return reportRun(event, deps);
    case 'verify-ended':
      return reportVerification(event, deps);
    case 'changed':
      // The affected workspaces are reconciled after this event, and that reconciliation is reported.
      return;
  }
}

function reportProgress(
  { cache, workspaces, words }: EventOf<'realising'>,
  { log, onRealising }: CacheReportingDependencies,
): void {
  const named = workspaces.filter((name) => !name.startsWith('.'));
  onRealising(cache, named.length > 0 ? named : ['prewarm'], words);
  log.info({ cache, workspaces, words }, 'realising packages');
}

function reportRealised(
  { cache, workspaces, packages, use, failure, seconds }: EventOf<'realised'>,
  { log }: CacheReportingDependencies,
): void {
  const facts = { cache, workspaces, packages, seconds };
  if (failure !== null)
    log.warn({ ...facts, reason: failure.reason, detail: explain(failure) }, 'packages could not be realised');
  else log.info({ ...facts, paths: use?.paths, bytes: use?.bytes }, 'packages realised');
}

function reportRun({ cache, run }: EventOf<'gc-ended'>, { store, metrics, log }: CacheReportingDependencies): void {
  metrics.gcEnded({ cache, run });
  const event = gcEvent(cache, run);
  if (event !== null) store.record(event);
  const { result, failure, ...facts } = run;
  if (result === 'success') log.info({ cache, ...facts }, 'garbage collected');
  else
    log.warn(
      { cache, result, ...facts, reason: failure?.reason, detail: failure === null ? '' : explain(failure) },
      'garbage collection did not succeed',
    );
}

function reportVerification(
  { cache, run }: EventOf<'verify-ended'>,
  { store, metrics, log }: CacheReportingDependencies,
): void {
  metrics.verifyEnded({ cache, run });
  const event = verifyEvent(cache, run);
  if (event !== null) store.record(event);
  const { result, failure, ...facts } = run;
  if (result === 'intact') return log.info({ cache, ...facts }, 'store verified');
  const detail = failure === null ? '' : explain(failure);
  const reason = failure?.reason ?? 'StoreDamaged';
  log.warn({ cache, result, ...facts, reason, detail }, 'verification found damage, or was not through');
}
