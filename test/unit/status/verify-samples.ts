import type { CacheReport } from '../../../controller/model/cache-status.js';
import type { SomePaths, VerifyRun, VerifyStatus } from '../../../controller/model/verify-status.js';
import { sampleCacheReport, START } from './samples.js';

export const NO_PATHS: SomePaths = { count: 0, first: [] };
export const HELLO = `/nix/store/${'a'.repeat(32)}-hello-2.12`;
export const JQ = `/nix/store/${'b'.repeat(32)}-jq-1.7`;
export const paths = (...first: string[]): SomePaths => ({ count: first.length, first });

/** One that ended an hour before START, and found nothing. */
export function sampleVerification(changes: Partial<VerifyRun> = {}): VerifyRun {
  return {
    startedAt: START - 3_600_000 - 9_500,
    trigger: 'schedule',
    repair: false,
    result: 'intact',
    failure: null,
    seconds: 9.5,
    verifiedPaths: 16,
    verifiedBytes: 83_886_080,
    totalPaths: 312,
    mended: NO_PATHS,
    damaged: NO_PATHS,
    lost: NO_PATHS,
    ...changes,
  };
}

export function sampleVerify(changes: Partial<VerifyStatus> = {}): VerifyStatus {
  return {
    config: { schedule: '0 3 * * *', timeZone: 'Europe/Berlin', share: 5 },
    nextRunAt: START + 7_200_000,
    underWay: null,
    runs: [sampleVerification()],
    damaged: NO_PATHS,
    lost: NO_PATHS,
    ...changes,
  };
}

export function verifiedReport(verify: VerifyStatus | null, changes: Partial<CacheReport> = {}): CacheReport {
  return sampleCacheReport({ kind: 'ready' }, { verify, ...changes });
}
