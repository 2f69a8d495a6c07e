import type { CacheReport, CacheVerdict } from '../model/cache-status.js';
import { cacheVolumeName } from '../model/names.js';
import { nixpkgsReleaseOf } from '../model/nixpkgs-releases.js';
import type { CacheContext } from './cache-context.js';
import { NO_TOTALS } from './packages/accounts.js';

/** Emits the state of the whole cache, or nothing when no spec wants the cache. */
export function reportCache(context: CacheContext): void {
  const report = cacheReport(context);
  if (report !== null) context.shared.emit({ type: 'reported', report });
}

/** Emits the state of the whole cache and triggers a reconciliation of all its workspaces. */
export function reportChange(context: CacheContext): void {
  reportCache(context);
  context.shared.emit({ type: 'changed', cache: context.name, workspaces: context.specs.workspaces() });
}

function cacheReport(context: CacheContext): CacheReport | null {
  const { name, specs, keeper, measure, environments, totals, collector, verifier } = context;
  const desired = specs.desired();
  if (desired === null) return null;
  return {
    name,
    verdict: verdictOf(context),
    spec: { location: desired.location, problem: desired.problem },
    volume: cacheVolumeName(name),
    nixpkgsRelease: nixpkgsReleaseOf(desired.config.nixpkgs),
    sandbox: desired.config.sandbox,
    keeper: keeper.view(),
    storeBytes: measure.size()?.bytes ?? null,
    storePaths: measure.size()?.paths ?? null,
    environments: environments.environmentCount(),
    workspaces: specs.workspaces(),
    underWay: environments.underWay(),
    totals: totals.current(),
    gc: collector.status(),
    verify: verifier.status(),
  };
}

function verdictOf({ clearing, keeper }: CacheContext): CacheVerdict {
  if (clearing.isUnderWay()) return { kind: 'progressing', message: 'the cache is being emptied' };
  const failure = keeper.failure();
  if (failure !== null) return { kind: 'failing', failure };
  return keeper.commands() === null ? { kind: 'progressing', message: keeper.message() } : { kind: 'ready' };
}

/** The last report of a cache that nothing names any more. */
export function removedReport(name: string): CacheReport {
  return {
    name,
    verdict: { kind: 'removed' },
    spec: { location: null, problem: null },
    volume: '',
    nixpkgsRelease: null,
    sandbox: null,
    keeper: null,
    storeBytes: null,
    storePaths: null,
    environments: 0,
    workspaces: [],
    underWay: [],
    totals: NO_TOTALS,
    gc: null,
    verify: null,
  };
}
