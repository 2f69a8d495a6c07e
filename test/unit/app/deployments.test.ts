import { describe, expect, it } from '@jest/globals';
import { createDeployments } from '../../../controller/app/deployments.js';
import { createDriftRepairs } from '../../../controller/app/drift-repairs.js';
import type { Commit, CommitState, DeploymentEvent, GitFailure } from '../../../controller/model/git.js';
import type { WorkspaceStatus } from '../../../controller/model/status.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { createLogger } from '../../../controller/telemetry/logger.js';
import { createManualClock } from '../../support/manual-clock.js';
import { snapshotOf } from '../reconcile/open-loop.js';

const SOURCE = 'git:team';
const commit: Commit = { revision: 'a'.repeat(40), author: 'Ann <ann@example>', subject: 'Add a', committedAt: 0 };
const failure: GitFailure = { reason: 'FetchFailed', message: 'no answer', problems: [] };

/** Deployments whose rows of an earlier run are `rows`; `seen` gives what was reported since it was called last. */
function open(rows: unknown[] = []) {
  const clock = createManualClock(0);
  const store = createStatusStore({ now: clock.now });
  let seen: string[] = [];
  const file = { read: () => rows, write: (next: readonly unknown[]) => void (rows = [...next]) };
  const { git, listener } = createDeployments({
    store,
    metrics: { fetched: () => undefined, commit: ({ result }) => void seen.push(`metric ${result}`) },
    log: createLogger({ level: 'error', pretty: false, color: false, destination: { write: () => undefined } }),
    clock,
    reported: file,
    appliedOf: () => commit,
    notify: (event: DeploymentEvent) => void seen.push(`notify ${event.type}: ${event.message}`),
    showState: (_source: string, { state, description }: CommitState) => void seen.push(`${state}: ${description}`),
  });
  const read = () => {
    const all = [...seen, ...store.events().map(({ reason }) => `event ${reason}`)];
    seen = [];
    return all;
  };
  /** An empty set of specs of the commit, which has converged at once. */
  const converge = () => {
    listener.scanned(snapshotOf([], { revisions: new Map([[SOURCE, commit.revision]]) }));
    clock.advance(1_000);
  };
  return { git, read, converge, rows: () => rows };
}

const facts = { source: SOURCE, commit, trigger: 'interval', seconds: 1 } as const;

describe('what becomes of a commit', () => {
  it('that is applied and rolled out', () => {
    const { git, read, converge } = open();
    git.onCommit({ ...facts, failure: null });
    converge();
    expect(read()).toEqual([
      'metric applied',
      'pending: in force; its workspaces converge',
      'success: 0 workspaces converged',
      'notify applied: 0 workspaces converged',
      'event CommitApplied',
      'event RolledOut',
    ]);
  });

  it('that is refused', () => {
    const { git, read } = open();
    git.onCommit({ ...facts, failure: { reason: 'CommitInvalid', message: 'two problems', problems: [] } });
    expect(read()).toEqual([
      'metric refused',
      'failure: two problems',
      'notify failed: two problems',
      'event CommitInvalid',
    ]);
  });

  it('is not reported again after a restart', () => {
    const first = open();
    first.converge();
    const second = open(first.rows());
    second.converge();
    expect([first.rows().length, second.read()]).toEqual([1, []]);
  });

  it.each([null, 1, {}, { source: SOURCE, revision: commit.revision }])('with a broken record of it: %j', (row) => {
    const { converge, read } = open([row]);
    converge();
    expect(read()).toContain('notify applied: 0 workspaces converged');
  });
});

it('a fetch that keeps failing in the same way is reported once', () => {
  const { git, read } = open();
  const fetch = (given: GitFailure | null) => git.onFetch({ source: SOURCE, seconds: 1, failure: given });
  fetch(failure);
  fetch(failure);
  expect(read()).toEqual(['notify failed: no answer', 'event FetchFailed']);
  fetch(null);
  fetch(failure);
  expect(read()).toContain('notify failed: no answer');
});

describe('a drift', () => {
  const status = (phase: WorkspaceStatus['phase']) => ({ phase, conditions: [] }) as unknown as WorkspaceStatus;
  const drift = ['a', 'state', 'state: exited -> running'] as const;

  it.each<[string, readonly (WorkspaceStatus | null)[], readonly string[]]>([
    ['is repaired when its workspace is settled again', [status('Degraded'), status('Ready')], ['state']],
    ['is repaired once', [status('Ready'), status('Ready')], ['state']],
    ['is none any more when its workspace is removed', [null, status('Ready')], []],
  ])('%s', (_what, changes, fields) => {
    const events: DeploymentEvent[] = [];
    const repairs = createDriftRepairs((event) => void events.push(event));
    repairs.found(...drift);
    for (const change of changes) repairs.changed('a', change);
    expect(events.flatMap((event) => (event.type === 'drift-repaired' ? event.fields : []))).toEqual(fields);
  });
});
