import type { Reason } from '../../../controller/model/reasons.js';
import type { Verdict, WorkspaceReport, WorkspaceStatus } from '../../../controller/model/status.js';
import type { SpecProblem } from '../../../controller/model/desired.js';
import { createStatusStore } from '../../../controller/status/store.js';

export const START = Date.parse('2026-01-01T00:00:00.000Z');

export function failing(reason: Reason, serving = false, message = 'it broke'): Verdict {
  return { kind: 'failing', failure: { reason, message }, serving };
}

export function sampleReport(verdict: Verdict, changes: Partial<WorkspaceReport> = {}): WorkspaceReport {
  return {
    name: 'alice',
    verdict,
    spec: { hash: 'v1:aa', location: { source: 'dir:specs', file: 'specs/alice.json', line: 1, column: 1 }, problem: null },
    container: {
      id: '0123456789abcdef',
      image: 'debian:13',
      state: 'running',
      health: 'none',
      ports: [{ containerPort: 8080, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 20123 }],
      startedAt: START - 300_000,
    },
    ...changes,
  };
}

export function sampleProblem(workspace: string | null, message = 'unknown field'): SpecProblem {
  return { location: { source: 'dir:specs', file: 'specs/alice.json', line: 3, column: 7 }, workspace, message };
}

/** The status that the store makes of `report`. */
export function sampleStatus(report: WorkspaceReport = sampleReport({ kind: 'ready' })): WorkspaceStatus {
  const store = createStatusStore({ now: () => START });
  store.report(report);
  const status = store.get(report.name);
  if (status === null) throw new Error('the report removed the workspace');
  return status;
}
