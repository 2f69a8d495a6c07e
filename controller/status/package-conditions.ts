import type { WorkspaceCacheReport } from '../model/cache-status.js';
import { explain } from '../model/reasons.js';
import type { Verdict } from '../model/status.js';
import { no, unknown, yes, type Finding } from './findings.js';

/**
 * The condition of a workspace's cache. Like that of its packages, it is unknown while the engine does not answer (law
 * 2).
 */
export function cacheReady({ unavailable }: WorkspaceCacheReport, verdict: Verdict): Finding {
  const outage = engineOutage(verdict);
  if (outage !== null) return outage;
  return unavailable === null ? yes('Ready', '') : no(unavailable.reason, explain(unavailable));
}

/** The condition of a workspace's packages. After a failure, the message says what the workspace still has. */
export function packagesReady(cache: WorkspaceCacheReport, verdict: Verdict): Finding {
  const { profile, failure, progress, packages, unavailable } = cache;
  const outage = engineOutage(verdict);
  if (outage !== null) return outage;
  if (profile === 'ready') return yes('Ready', packagesText(packages));
  if (failure !== null) return no(failure.reason, withOld(explain(failure), profile));
  if (progress !== null) return no('Realising', progress);
  if (profile === 'unknown')
    return unknown(unavailable?.reason ?? 'Unknown', 'The cache has not told yet which packages are in place.');
  return no('Pending', withOld('The packages are not realised yet.', profile));
}

function packagesText(packages: readonly string[]): string {
  if (packages.length === 0) return 'no packages';
  return `${packages.length} ${packages.length === 1 ? 'package' : 'packages'}: ${packages.join(', ')}`;
}

/** Adds to a failure what the workspace still has, because that is the first question of a user. */
function withOld(text: string, profile: WorkspaceCacheReport['profile']): string {
  return profile === 'old' ? `${text} The old environment is still in place.` : text;
}

function engineOutage(verdict: Verdict): Finding | null {
  if (verdict.kind !== 'failing' || verdict.failure.reason !== 'EngineUnreachable') return null;
  return unknown(verdict.failure.reason, explain(verdict.failure));
}
