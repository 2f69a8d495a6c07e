import type { OperationResult } from '../apply/executor.js';
import type { ControllerListener } from '../reconcile/interfaces.js';
import type { DesiredSnapshot } from '../model/desired.js';
import { problemText } from '../model/problem-text.js';
import { explain } from '../model/reasons.js';
import { renderOperation } from '../plan/render.js';
import { SHARED_KEY } from '../reconcile/reconcile-shared.js';
import type { SourceSummary } from '../status/sources.js';
import { reportCacheEvent, type CacheReportingDependencies } from './cache-reporting.js';

export interface Reporting {
  readonly listener: ControllerListener;
  onOperation(key: string, result: OperationResult): void;
}

export interface ReportingDependencies extends CacheReportingDependencies {
  readonly sources: () => readonly SourceSummary[];
  readonly onEngine: (up: boolean, detail: string) => void;
}

/** A flood of broken files must not drown the log: so many problems a scan, and a count of the rest. */
const PROBLEMS_LOGGED = 20;

/** What the engine tells, into status, metrics and log. */
export function createReporting(deps: ReportingDependencies): Reporting {
  const { store, metrics, log } = deps;
  const knownFailures = new Map<string, string>();
  let knownProblems = new Set<string>();
  let engineWasUp: boolean | null = null;
  let held = '';

  const listener: ControllerListener = {
    report: (report) => store.report(report),
    reconciled({ kind, key, reconcileId, trigger, result, operations, failure, seconds }) {
      metrics.reconciled({ kind, result, seconds });
      if (failure !== null) metrics.reconcileError({ kind, reason: failure.reason });
      const facts = { kind, key, reconcileId, trigger, result, operations, seconds };
      const detail = failure === null ? '' : explain(failure);
      const isNews = knownFailures.get(key) !== detail;
      if (failure === null) knownFailures.delete(key);
      else knownFailures.set(key, detail);
      // A failure that lasts is said once, not at every resync.
      if (failure !== null && isNews) log.warn({ ...facts, reason: failure.reason, detail }, 'reconcile failed');
      else if (operations > 0) log.info(facts, 'reconciled');
      else log.debug(facts, 'reconciled');
    },
    engineUp(up, failure) {
      metrics.engineUp(up);
      deps.onEngine(up, failure === null ? '' : explain(failure));
      if (up === engineWasUp) return;
      engineWasUp = up;
      if (up) log.info({}, 'engine reached');
      else
        log.error({ reason: failure?.reason, detail: failure === null ? '' : explain(failure) }, 'engine not reached');
      store.record({
        type: up ? 'Normal' : 'Warning',
        workspace: null,
        reason: up ? 'EngineReached' : (failure?.reason ?? 'EngineUnreachable'),
        message: failure === null ? 'The engine answers.' : explain(failure),
      });
    },
    eventStream: (state, detail) => log.debug({ state, detail }, 'event stream'),
    scanned(snapshot) {
      logProblems(snapshot);
      store.setSources(deps.sources());
    },
    held(names) {
      store.setHeld(names);
      if (names.join() !== held && names.length > 0)
        log.warn({ workspaces: names }, 'removals held until a person confirms them (kalpana approve)');
      held = names.join();
    },
    revised: store.revise,
    drift(workspace, field, cause) {
      metrics.driftDetected(field);
      store.record({ type: 'Warning', workspace, reason: 'DriftDetected', message: cause });
      log.info({ key: workspace, field, cause }, 'drift');
    },
    missedEvent(workspace) {
      metrics.missedEvent();
      log.info({ key: workspace }, 'found by a resync, no event came');
    },
    cacheEvent: (event) => reportCacheEvent(event, deps),
    queueChanged: (size) => metrics.queue(size),
    queueWaited: (seconds) => metrics.queueWaited(seconds),
    retried: () => metrics.queueRetried(),
    fault: (key, error) => log.error({ key, error }, 'fault in the controller; the key is tried again'),
  };

  function logProblems({ problems }: DesiredSnapshot): void {
    const news = problems.filter((problem) => !knownProblems.has(problemText(problem)));
    for (const problem of news.slice(0, PROBLEMS_LOGGED)) {
      log.warn(
        { key: problem.workspace, source: problem.location.source, problem: problemText(problem) },
        'spec problem',
      );
    }
    if (news.length > PROBLEMS_LOGGED)
      log.warn({ more: news.length - PROBLEMS_LOGGED }, 'more spec problems; see /api/v1/sources');
    knownProblems = new Set(problems.map(problemText));
  }

  return {
    listener,
    onOperation(key, { operation, failure, seconds }) {
      if (operation.type === 'await-ready') return;
      metrics.operation({ operation: operation.type, result: failure === null ? 'success' : 'failure', seconds });
      const facts = { key: key === SHARED_KEY ? 'shared' : key, operation: renderOperation(operation), seconds };
      if (failure === null) log.info(facts, 'operation');
      // The create is how an absent image is found out (no inspect on the cold path); the pull follows.
      else if (failure.reason === 'ImageMissing')
        log.info({ ...facts, reason: failure.reason }, 'image is not on the engine');
      else log.warn({ ...facts, reason: failure.reason, detail: failure.message }, 'operation failed');
    },
  };
}
