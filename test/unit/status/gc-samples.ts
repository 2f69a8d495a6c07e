import type { CacheReport } from '../../../controller/model/cache-status.js';
import {
  ROOT_KINDS,
  type GcConfig,
  type GcPreview,
  type GcRun,
  type GcStatus,
  type RootCounts,
} from '../../../controller/model/gc-status.js';
import type { Reason } from '../../../controller/model/reasons.js';
import { sampleCacheReport, START } from './samples.js';

const HOUR_MS = 3_600_000;

export function sampleRoots(changes: Partial<RootCounts> = {}): RootCounts {
  const none = Object.fromEntries(ROOT_KINDS.map((kind) => [kind, 0])) as RootCounts;
  return { ...none, profile: 4, link: 2, process: 1, ...changes };
}

/** One that ended two hours before START. */
export function sampleRun(changes: Partial<GcRun> = {}): GcRun {
  return {
    startedAt: START - 2 * HOUR_MS - 3_100,
    trigger: 'schedule',
    result: 'success',
    failure: null,
    seconds: 3.1,
    heldSeconds: 0.42,
    freedBytes: 1_288_490_189,
    freedPaths: 34,
    keptPaths: 312,
    leftPaths: 0,
    roots: sampleRoots(),
    ...changes,
  };
}

export function unsuccessfulRun(
  result: 'aborted' | 'failed',
  reason: Reason,
  message: string,
  changes: Partial<GcRun> = {},
): GcRun {
  return sampleRun({ result, failure: { reason, message }, freedBytes: 0, freedPaths: 0, keptPaths: 0, ...changes });
}

export function sampleGcConfig(changes: Partial<GcConfig> = {}): GcConfig {
  return {
    schedule: '0 4 * * *',
    timeZone: 'Europe/Berlin',
    retainMs: 7 * 24 * HOUR_MS,
    graceMs: 24 * HOUR_MS,
    maxBytes: 21_474_836_480,
    maxFreedPerRun: null,
    optimise: false,
    deadlineMs: HOUR_MS / 2,
    suspend: false,
    ...changes,
  };
}

export function sampleGc(changes: Partial<GcStatus> = {}): GcStatus {
  return {
    config: sampleGcConfig(),
    nextRunAt: START + 3 * HOUR_MS,
    underWay: null,
    runs: [sampleRun()],
    roots: sampleRoots(),
    ...changes,
  };
}

export function collectedReport(gc: GcStatus | null, changes: Partial<CacheReport> = {}): CacheReport {
  return sampleCacheReport({ kind: 'ready' }, { gc, ...changes });
}

export function samplePreview(changes: Partial<GcPreview> = {}): GcPreview {
  return {
    cache: 'default',
    dead: [
      { path: '/nix/store/aaaa-gcc-13', bytes: 1_073_741_824 },
      { path: '/nix/store/bbbb-hello-2.12', bytes: 214_748_365 },
    ],
    deadBytes: 1_288_490_189,
    keptPaths: 312,
    roots: [
      { kind: 'profile', owner: 'alice', from: '/nix/var/nix/profiles/kalpana/alice', path: '/nix/store/cccc-env' },
      { kind: 'link', owner: 'bob', from: '/workspace/result', path: '/nix/store/dddd-site' },
    ],
    expiring: [
      { kind: 'removed', owner: 'carol', from: '/nix/var/nix/profiles/kalpana/carol', path: '/nix/store/aaaa-env' },
    ],
    ...changes,
  };
}
