import type { InPlaceSpec } from '../model/desired.js';
import type { Limits, ObservedContainer } from '../model/engine-objects.js';
import type { DriftField, Operation } from './types.js';
import { target } from './containers.js';

/** The update that brings limits and restart policy to what the spec says; none when they are, or were not inspected. */
export function inPlaceOperations(container: ObservedContainer, wanted: InPlaceSpec): Operation[] {
  const details = container.details;
  if (details === null) return [];
  const causes: string[] = [];
  const drifts: DriftField[] = [];
  for (const [limit, label] of LIMITS) {
    const [before, after] = [details.limits[limit], wanted.limits[limit]];
    if (before === after) continue;
    causes.push(`${label}: ${renderLimit(limit, before)} -> ${renderLimit(limit, after)}`);
    drifts.push('limits');
  }
  if (details.restartPolicy !== wanted.restartPolicy) {
    causes.push(`restartPolicy: ${details.restartPolicy} -> ${wanted.restartPolicy}`);
    drifts.push('restartPolicy');
  }
  if (causes.length === 0) return [];
  return [{ type: 'update-container', container: target(container), ...wanted, cause: causes.join(', '), drift: drifts[0] }];
}

const LIMITS = [
  ['nanoCpus', 'cpus'],
  ['memoryBytes', 'memory'],
  ['pids', 'pids'],
] as const;

function renderLimit(limit: keyof Limits, value: number): string {
  if (value === 0) return 'none';
  if (limit === 'nanoCpus') return String(value / 1e9);
  return limit === 'memoryBytes' ? `${value} bytes` : String(value);
}
