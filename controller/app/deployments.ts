import type { Clock } from '../model/clock.js';
import type { Commit, GitFailure, Rollout } from '../model/git.js';
import type { ControllerListener } from '../reconcile/interfaces.js';
import { isChanged } from '../reconcile/spec-change.js';
import type { GitSourceEvents } from '../source/git/git-sync.js';
import type { StateFile } from '../state/state-file.js';
import { createRollouts } from '../status/rollouts.js';
import type { StatusStore } from '../status/store.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import {
  reportApplied,
  reportFetchFailure,
  reportRefused,
  reportRolledOut,
  reportRolloutFailure,
  type CommitAudience,
} from './commit-reports.js';
import { createDriftRepairs } from './drift-repairs.js';

export interface DeploymentOptions extends CommitAudience {
  readonly store: StatusStore;
  readonly metrics: Pick<Metrics, 'fetched' | 'commit'>;
  readonly log: Logger;
  readonly clock: Clock;
  /** The last report about each source, so that a restart does not report it again. */
  readonly reported: StateFile;
  /** The commit of a source that is in force, or null when there is none or no such source. */
  readonly appliedOf: (source: string) => Commit | null;
}

export interface Deployments {
  readonly git: GitSourceEvents;
  readonly listener: Pick<ControllerListener, 'scanned' | 'report' | 'drift'>;
}

interface ReportedRollout {
  readonly source: string;
  readonly revision: string;
  readonly state: string;
}

/** Reports what happens to commits and to drift. A condition that lasts is reported once. */
export function createDeployments(options: DeploymentOptions): Deployments {
  const { store, metrics, log } = options;
  const drifts = createDriftRepairs(options.notify);
  /** The current fetch failure of each source, by the source's id. */
  const fetchFailures = new Map<string, string>();
  const onChange = rolloutReporter(options);
  const rollouts = createRollouts({
    workspace: store.get,
    cache: store.cache,
    clock: options.clock,
    isChanged,
    onChange,
  });

  function fetchFailed(source: string, failure: GitFailure): void {
    if (fetchFailures.get(source) === failure.message) return;
    fetchFailures.set(source, failure.message);
    reportFetchFailure(options, source, failure);
  }

  store.subscribe(({ name, after }) => {
    rollouts.changed();
    drifts.changed(name, after);
  });

  return {
    git: {
      onFetch({ source, seconds, failure }) {
        metrics.fetched({ source, isAnswered: failure === null, seconds });
        if (failure !== null) return fetchFailed(source, failure);
        if (fetchFailures.delete(source)) log.info({ source }, 'repository answers again');
      },
      onCommit({ source, commit, failure, trigger, seconds }) {
        metrics.commit({ source, result: failure === null ? 'applied' : 'refused' });
        if (failure !== null) reportRefused(options, source, commit, failure);
        else reportApplied(options, source, commit, { trigger, seconds });
      },
    },
    listener: {
      scanned: rollouts.scanned,
      report: ({ name }) => rollouts.reported(name),
      drift: drifts.found,
    },
  };
}

/** Reports the end of a rollout once, even across restarts, unless another commit is in force by then. */
function rolloutReporter(options: DeploymentOptions): (rollout: Rollout) => void {
  const rows = options.reported.read().filter(isReportedRollout);
  const reported = new Map(rows.map((row) => [row.source, row]));
  return ({ source, revision, state, message }) => {
    const commit = options.appliedOf(source);
    if (state === 'progressing' || commit?.revision !== revision) return;
    const before = reported.get(source);
    if (before?.revision === revision && before.state === state) return;
    reported.set(source, { source, revision, state });
    options.reported.write([...reported.values()]);
    if (state === 'succeeded') reportRolledOut(options, source, commit, message);
    else reportRolloutFailure(options, source, commit, message);
  };
}

/**
 * A listener that forwards every report to `listener`, and those about scans, workspaces and drift to `Deployments` as
 * well.
 */
export function withDeployments(
  listener: ControllerListener,
  { scanned, report, drift }: Deployments['listener'],
): ControllerListener {
  return {
    ...listener,
    scanned(snapshot) {
      listener.scanned(snapshot);
      scanned(snapshot);
    },
    report(facts) {
      listener.report(facts);
      report(facts);
    },
    drift(...facts) {
      listener.drift(...facts);
      drift(...facts);
    },
  };
}

function isReportedRollout(row: unknown): row is ReportedRollout {
  if (typeof row !== 'object' || row === null) return false;
  const { source, revision, state } = row as Partial<Record<string, unknown>>;
  return typeof source === 'string' && typeof revision === 'string' && typeof state === 'string';
}
