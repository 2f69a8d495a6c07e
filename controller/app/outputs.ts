import { join } from 'node:path';
import type { RunOptions } from '../cli/actions.js';
import { createProgress } from '../cli/text/progress.js';
import { systemClock } from '../model/clock.js';
import type { Commit } from '../model/git.js';
import { DRIFT_FIELDS, OPERATION_TYPES, type OperationType } from '../plan/types.js';
import { createStateFile } from '../state/state-file.js';
import type { SourceSummary } from '../status/sources.js';
import { createStatusStore } from '../status/store.js';
import { createLogger } from '../telemetry/logger.js';
import { createMetrics } from '../telemetry/metrics.js';
import { createDeployments, withDeployments } from './deployments.js';
import { createEngineRecord } from './engine-record.js';
import { createNotifications } from './notifications.js';
import { createReporting } from './reporting.js';
import type { Surroundings } from './surroundings.js';

/** Operations that are not engine calls: two wait for something, and one only requests a realisation. */
const NO_CALLS: readonly OperationType[] = ['await-ready', 'await-environment', 'realise-environment'];

/** Everything that the controller reports to. */
export type Outputs = ReturnType<typeof createOutputs>;

/**
 * Connects log, metrics, status, progress, notifications and commit statuses to the functions that report to them.
 * Throws an error of one line when the host of commit statuses cannot be derived.
 */
export function createOutputs(
  options: RunOptions,
  { io, stderrIsTerminal, version }: Surroundings,
  inputs: {
    readonly stateDir: string;
    readonly sources: () => readonly SourceSummary[];
    /** The commit of a git source that is in force, or null when there is none or no such source. */
    readonly appliedOf: (source: string) => Commit | null;
    /** Aborts the notifications. */
    readonly signal: AbortSignal;
  },
) {
  const log = createLogger({
    level: options.logLevel,
    pretty: stderrIsTerminal,
    color: stderrIsTerminal && io.color,
  });
  const metrics = createMetrics({
    version,
    operations: OPERATION_TYPES.filter((type) => !NO_CALLS.includes(type)),
    driftFields: DRIFT_FIELDS,
  });
  const store = createStatusStore({ now: systemClock.now });
  const progress = createProgress(io);
  const engine = createEngineRecord();
  const reporting = createReporting({
    store,
    metrics,
    log,
    sources: inputs.sources,
    onEngine: engine.note,
    onRealising: progress.realising,
  });
  const notifications = createNotifications(options, {
    clock: systemClock,
    random: Math.random,
    signal: inputs.signal,
    onResult(facts) {
      metrics.notified(facts);
      if (facts.result === 'delivered') log.debug({ ...facts }, 'notified');
      else log.warn({ ...facts }, 'notification not delivered');
    },
  });
  const onStateError = (error: Error) =>
    log.warn({ error }, 'the state directory cannot be written; work goes on without it');
  const deployments = createDeployments({
    store,
    metrics,
    log,
    clock: systemClock,
    reported: createStateFile(join(inputs.stateDir, 'deployments.json'), onStateError),
    appliedOf: inputs.appliedOf,
    notify: notifications.notify,
    showState: notifications.showState,
  });
  return {
    log,
    metrics,
    store,
    progress,
    engine,
    notifications,
    git: deployments.git,
    listener: withDeployments(reporting.listener, deployments.listener),
    onOperation: reporting.onOperation,
    onStateError,
  };
}
