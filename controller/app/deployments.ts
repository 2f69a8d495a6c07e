import type { StateFile } from '../state/state-file.js';
import type { ControllerListener } from '../reconcile/interfaces.js';
import { isChanged } from '../reconcile/spec-change.js';
import type { Clock } from '../model/clock.js';
import {
  shortRevision,
  type Commit,
  type CommitState,
  type DeploymentEvent,
  type GitFailure,
  type Rollout,
} from '../model/git.js';
import type { GitSourceEvents } from '../source/git/git-sync.js';
import { createRollouts } from '../status/rollouts.js';
import { settled } from '../status/settled.js';
import type { StatusStore } from '../status/store.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';

export interface DeploymentOptions {
  readonly store: StatusStore;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  /** What was told of each source last, so that a restart does not tell it again. */
  readonly told: StateFile;
  /** Of the commit in force. */
  readonly appliedOf: (source: string) => Commit | null;
  readonly notify: (event: DeploymentEvent) => void;
  readonly showState: (source: string, state: CommitState) => void;
}

export interface Deployments {
  readonly git: GitSourceEvents;
  readonly listener: Pick<ControllerListener, 'scanned' | 'report' | 'drift'>;
}

interface Told {
  readonly source: string;
  readonly revision: string;
  readonly state: string;
}

/** What becomes of commits, into log, metrics and events, and to those outside who want to hear of it. */
export function createDeployments(options: DeploymentOptions): Deployments {
  const { store, metrics, log, clock, notify, showState } = options;
  const drifted = new Map<string, Map<string, string>>();
  const unanswered = new Map<string, string>();
  const told = new Map(
    options.told
      .read()
      .filter(isTold)
      .map((row) => [row.source, row]),
  );
  const rollouts = createRollouts({ workspace: store.get, cache: store.cache, clock, isChanged, onChange: rolledOut });

  function rolledOut(rollout: Rollout): void {
    const { source, revision, state, message } = rollout;
    const commit = options.appliedOf(source);
    if (state === 'progressing' || commit?.revision !== revision) return;
    const before = told.get(source);
    if (before?.revision === revision && before.state === state) return;
    told.set(source, { source, revision, state });
    options.told.write([...told.values()]);
    showState(source, { revision, state: state === 'succeeded' ? 'success' : 'failure', description: message });
    if (state === 'succeeded') {
      log.info({ source, revision, message }, 'commit rolled out');
      store.record({
        type: 'Normal',
        workspace: null,
        reason: 'RolledOut',
        message: `${source}: ${nameOf(commit)}: ${message}`,
      });
      return notify({ type: 'applied', source, commit, message });
    }
    log.warn({ source, revision, detail: message }, 'commit not rolled out');
    failed(source, commit, { reason: 'RolloutFailed', message, problems: [] }, `${nameOf(commit)}: ${message}`);
  }

  function failed(
    source: string,
    commit: Commit | null,
    { reason, message, problems }: { readonly reason: string } & Pick<GitFailure, 'message' | 'problems'>,
    recorded = message,
  ): void {
    store.record({ type: 'Warning', workspace: null, reason, message: `${source}: ${recorded}` });
    notify({ type: 'failed', source, commit, reason, message, problems });
  }

  function refused(source: string, commit: Commit, failure: GitFailure): void {
    log.warn(
      {
        source,
        revision: commit.revision,
        author: commit.author,
        reason: failure.reason,
        detail: failure.message,
        problems: failure.problems.length,
      },
      'commit not applied',
    );
    showState(source, { revision: commit.revision, state: 'failure', description: failure.message });
    failed(source, commit, failure);
  }

  function applied(source: string, commit: Commit, trigger: string, seconds: number): void {
    log.info(
      { source, revision: commit.revision, author: commit.author, subject: commit.subject, trigger, seconds },
      'commit applied',
    );
    store.record({
      type: 'Normal',
      workspace: null,
      reason: 'CommitApplied',
      message: `${source}: ${nameOf(commit)} is in force.`,
    });
    showState(source, {
      revision: commit.revision,
      state: 'pending',
      description: 'in force; its workspaces converge',
    });
  }

  function notAnswered(source: string, failure: GitFailure): void {
    // One that lasts is told once.
    if (unanswered.get(source) === failure.message) return;
    unanswered.set(source, failure.message);
    log.warn(
      { source, reason: failure.reason, detail: failure.message },
      'repository cannot be fetched; what is in force stays',
    );
    failed(source, null, failure);
  }

  store.subscribe(({ name, after }) => {
    rollouts.changed();
    const fields = drifted.get(name);
    if (after === null) drifted.delete(name);
    else if (fields !== undefined && settled(after)) {
      drifted.delete(name);
      notify({
        type: 'drift-repaired',
        workspace: name,
        fields: [...fields.keys()].sort(),
        message: [...fields.values()].join('; '),
      });
    }
  });

  return {
    git: {
      onFetch({ source, seconds, failure }) {
        metrics.fetched({ source, isAnswered: failure === null, seconds });
        if (failure !== null) return notAnswered(source, failure);
        if (unanswered.delete(source)) log.info({ source }, 'repository answers again');
      },
      onCommit({ source, commit, failure, trigger, seconds }) {
        metrics.commit({ source, result: failure === null ? 'applied' : 'refused' });
        if (failure !== null) refused(source, commit, failure);
        else applied(source, commit, trigger, seconds);
      },
    },
    listener: {
      scanned: rollouts.scanned,
      report: ({ name }) => rollouts.told(name),
      drift(workspace, field, cause) {
        drifted.set(workspace, (drifted.get(workspace) ?? new Map<string, string>()).set(field, cause));
      },
    },
  };
}

/** `listener`, of which the deployments hear as well. */
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

function nameOf({ revision, author, subject }: Commit): string {
  return `commit ${shortRevision(revision)} (${subject}) by ${author}`;
}

function isTold(row: unknown): row is Told {
  if (typeof row !== 'object' || row === null) return false;
  const { source, revision, state } = row as Partial<Record<string, unknown>>;
  return typeof source === 'string' && typeof revision === 'string' && typeof state === 'string';
}
