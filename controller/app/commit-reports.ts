import { shortRevision, type Commit, type CommitState, type DeploymentEvent, type GitFailure } from '../model/git.js';
import type { StatusStore } from '../status/store.js';
import type { Logger } from '../telemetry/logger.js';

/** The destinations of reports about a commit: the event record, the log, notifications, and the commit's host. */
export interface CommitAudience {
  readonly store: Pick<StatusStore, 'record'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly notify: (event: DeploymentEvent) => void;
  readonly showState: (source: string, state: CommitState) => void;
}

/** Reports that the specs of `commit` are in force and that its workspaces begin to converge. */
export function reportApplied(
  { store, log, showState }: CommitAudience,
  source: string,
  commit: Commit,
  { trigger, seconds }: { readonly trigger: string; readonly seconds: number },
): void {
  const { revision, author, subject } = commit;
  log.info({ source, revision, author, subject, trigger, seconds }, 'commit applied');
  const message = `${source}: ${nameOf(commit)} is in force.`;
  store.record({ type: 'Normal', workspace: null, reason: 'CommitApplied', message });
  showState(source, { revision, state: 'pending', description: 'in force; its workspaces converge' });
}

/** Reports that `commit` is not applied and that the previous commit stays in force. */
export function reportRefused(to: CommitAudience, source: string, commit: Commit, failure: GitFailure): void {
  const { revision, author } = commit;
  const { reason, message, problems } = failure;
  to.log.warn({ source, revision, author, reason, detail: message, problems: problems.length }, 'commit not applied');
  to.showState(source, { revision, state: 'failure', description: message });
  reportFailure(to, source, commit, failure);
}

/** Reports that the repository of `source` cannot be fetched and that the current commit stays in force. */
export function reportFetchFailure(to: CommitAudience, source: string, failure: GitFailure): void {
  to.log.warn(
    { source, reason: failure.reason, detail: failure.message },
    'repository cannot be fetched; what is in force stays',
  );
  reportFailure(to, source, null, failure);
}

/** Reports that all workspaces of `commit` have converged; `message` describes the outcome. */
export function reportRolledOut(to: CommitAudience, source: string, commit: Commit, message: string): void {
  const { revision } = commit;
  to.showState(source, { revision, state: 'success', description: message });
  to.log.info({ source, revision, message }, 'commit rolled out');
  to.store.record({
    type: 'Normal',
    workspace: null,
    reason: 'RolledOut',
    message: `${source}: ${nameOf(commit)}: ${message}`,
  });
  to.notify({ type: 'applied', source, commit, message });
}

/** Reports that a workspace of `commit` cannot converge by itself; `message` says why. */
export function reportRolloutFailure(to: CommitAudience, source: string, commit: Commit, message: string): void {
  const { revision } = commit;
  to.showState(source, { revision, state: 'failure', description: message });
  to.log.warn({ source, revision, detail: message }, 'commit not rolled out');
  const failure = { reason: 'RolloutFailed', message, problems: [] };
  reportFailure(to, source, commit, failure, `${nameOf(commit)}: ${message}`);
}

function reportFailure(
  { store, notify }: CommitAudience,
  source: string,
  commit: Commit | null,
  { reason, message, problems }: { readonly reason: string } & Pick<GitFailure, 'message' | 'problems'>,
  recorded = message,
): void {
  store.record({ type: 'Warning', workspace: null, reason, message: `${source}: ${recorded}` });
  notify({ type: 'failed', source, commit, reason, message, problems });
}

function nameOf({ revision, author, subject }: Commit): string {
  return `commit ${shortRevision(revision)} (${subject}) by ${author}`;
}
