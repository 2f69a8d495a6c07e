import type { OperationResult } from '../apply/executor.js';
import type { ControllerListener, ReconcileRecord } from '../reconcile/interfaces.js';
import type { SpecProblem } from '../model/desired.js';
import { problemText } from '../model/problem-text.js';
import { explain, type Failure } from '../model/reasons.js';
import { renderOperation } from '../plan/render.js';
import { SHARED_KEY } from '../reconcile/reconcile-shared.js';
import type { SourceSummary } from '../status/sources.js';
import { reportCacheEvent, type CacheReportingDependencies } from './cache-reporting.js';

/** Reports the work of the controller. */
export interface Reporting {
  readonly listener: ControllerListener;
  /** Reports the result of an operation; to be called after each one. */
  onOperation(key: string, result: OperationResult): void;
}

/** The destinations of the reports. */
export interface ReportingDependencies extends CacheReportingDependencies {
  /** A summary of each source after a scan. */
  readonly sources: () => readonly SourceSummary[];
  /** Called after each list of the engine; `detail` is empty when the list succeeded. */
  readonly onEngine: (up: boolean, detail: string) => void;
}

/**
 * How many new problems of one scan are logged one by one; the rest is counted, so that many broken files do not flood
 * the log.
 */
const PROBLEMS_LOGGED = 20;

/** Reports the work of the controller to status, metrics and log. A condition that lasts is logged once. */
export function createReporting(deps: ReportingDependencies): Reporting {
  const { store, metrics, log } = deps;
  const reportProblems = problemReporter(deps);
  const listener: ControllerListener = {
    report: (report) => store.report(report),
    reconciled: reconcileReporter(deps),
    engineUp: engineReporter(deps),
    eventStream: (state, detail) => log.debug({ state, detail }, 'event stream'),
    scanned({ problems }) {
      reportProblems(problems);
      store.setSources(deps.sources());
    },
    held: heldReporter(deps),
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
  return { listener, onOperation: (key, result) => reportOperation(key, result, deps) };
}

/** Logs a failure that lasts as a warning once, and not at every resync. */
function reconcileReporter({ metrics, log }: ReportingDependencies): (record: ReconcileRecord) => void {
  const known = new Map<string, string>();
  return ({ kind, key, reconcileId, trigger, result, operations, failure, seconds }) => {
    metrics.reconciled({ kind, result, seconds });
    if (failure !== null) metrics.reconcileError({ kind, reason: failure.reason });
    const facts = { kind, key, reconcileId, trigger, result, operations, seconds };
    const detail = failure === null ? '' : explain(failure);
    const isNew = known.get(key) !== detail;
    if (failure === null) known.delete(key);
    else known.set(key, detail);
    if (failure !== null && isNew) log.warn({ ...facts, reason: failure.reason, detail }, 'reconcile failed');
    else if (operations > 0) log.info(facts, 'reconciled');
    else log.debug(facts, 'reconciled');
  };
}

/** Records an event when an outage of the engine begins and when it ends. */
function engineReporter(deps: ReportingDependencies): (up: boolean, failure: Failure | null) => void {
  const { store, metrics, log } = deps;
  let wasUp: boolean | null = null;
  return (up, failure) => {
    const detail = failure === null ? '' : explain(failure);
    metrics.engineUp(up);
    deps.onEngine(up, detail);
    if (up === wasUp) return;
    wasUp = up;
    if (up) log.info({}, 'engine reached');
    else log.error({ reason: failure?.reason, detail }, 'engine not reached');
    store.record({
      type: up ? 'Normal' : 'Warning',
      workspace: null,
      reason: up ? 'EngineReached' : (failure?.reason ?? 'EngineUnreachable'),
      message: failure === null ? 'The engine answers.' : detail,
    });
  };
}

function heldReporter({ store, log }: ReportingDependencies): (names: readonly string[]) => void {
  let known = '';
  return (names) => {
    store.setHeld(names);
    if (names.join() !== known && names.length > 0)
      log.warn({ workspaces: names }, 'removals held until a person confirms them (kalpana approve)');
    known = names.join();
  };
}

function problemReporter({ log }: ReportingDependencies): (problems: readonly SpecProblem[]) => void {
  let known = new Set<string>();
  return (problems) => {
    const fresh = problems.filter((problem) => !known.has(problemText(problem)));
    for (const problem of fresh.slice(0, PROBLEMS_LOGGED)) {
      const { workspace, location } = problem;
      log.warn({ key: workspace, source: location.source, problem: problemText(problem) }, 'spec problem');
    }
    if (fresh.length > PROBLEMS_LOGGED)
      log.warn({ more: fresh.length - PROBLEMS_LOGGED }, 'more spec problems; see /api/v1/sources');
    known = new Set(problems.map(problemText));
  };
}

function reportOperation(
  key: string,
  { operation, failure, seconds }: OperationResult,
  { metrics, log }: ReportingDependencies,
): void {
  if (operation.type === 'await-ready') return;
  metrics.operation({ operation: operation.type, result: failure === null ? 'success' : 'failure', seconds });
  const facts = { key: key === SHARED_KEY ? 'shared' : key, operation: renderOperation(operation), seconds };
  if (failure === null) log.info(facts, 'operation');
  // A missing image is discovered by the failed create (a cold start makes no inspect); the pull follows.
  else if (failure.reason === 'ImageMissing')
    log.info({ ...facts, reason: failure.reason }, 'image is not on the engine');
  else log.warn({ ...facts, reason: failure.reason, detail: failure.message }, 'operation failed');
}
