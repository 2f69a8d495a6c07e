import type {
  CacheReport,
  CacheStatus,
  CacheUse,
  CacheVerdict,
  WorkspaceCacheReport,
} from '../../../controller/model/cache-status.js';
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
    spec: {
      hash: 'v1:aa',
      location: { source: 'dir:specs', file: 'specs/alice.json', line: 1, column: 1 },
      problem: null,
      revision: null,
    },
    container: {
      id: '0123456789abcdef',
      image: 'debian:13',
      state: 'running',
      health: 'none',
      ports: [{ containerPort: 8080, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 20123 }],
      startedAt: START - 300_000,
    },
    cache: null,
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

export function sampleUse(changes: Partial<CacheUse> = {}): CacheUse {
  return {
    paths: { asked: 34, hit: 34, fetched: 0, built: 0 },
    bytes: { asked: 3_000, hit: 3_000, fetched: 0, built: 0 },
    seconds: 0.1,
    temperature: 'warm',
    ...changes,
  };
}

/** What a workspace's report says of its cache. */
export function samplePackages(changes: Partial<WorkspaceCacheReport> = {}): WorkspaceCacheReport {
  return {
    cache: 'default',
    unavailable: null,
    packages: ['git', 'ripgrep'],
    profile: 'ready',
    progress: null,
    failure: null,
    lastUse: null,
    ...changes,
  };
}

export function cacheFailing(reason: Reason, message = 'it broke'): CacheVerdict {
  return { kind: 'failing', failure: { reason, message } };
}

export function sampleCacheReport(
  verdict: CacheVerdict = { kind: 'ready' },
  changes: Partial<CacheReport> = {},
): CacheReport {
  return {
    name: 'default',
    verdict,
    spec: { location: { source: 'dir:specs', file: 'specs/cache.json', line: 1, column: 1 }, problem: null },
    volume: 'kalpana-nix-store',
    nixpkgsRelease: '26.05',
    sandbox: true,
    keeper: { id: 'fedcba9876543210', image: 'kalpana/nix-keeper:latest', state: 'running', nixVersion: '2.34.8' },
    storeBytes: 1_610_612_736,
    storePaths: 312,
    environments: 2,
    workspaces: ['alice', 'bob'],
    underWay: [],
    totals: { paths: { hit: 97, fetched: 2, built: 1 }, bytesFetched: 31_457_280, bytesSaved: 314_572_800 },
    gc: null,
    verify: null,
    ...changes,
  };
}

export function sampleCacheStatus(report: CacheReport = sampleCacheReport()): CacheStatus {
  const store = createStatusStore({ now: () => START });
  store.reportCache(report);
  const status = store.cache(report.name);
  if (status === null) throw new Error('the report removed the cache');
  return status;
}
