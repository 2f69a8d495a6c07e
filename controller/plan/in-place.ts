import type { InPlaceSpec } from '../model/desired.js';
import type { ContainerDetails, Limits, ObservedContainer } from '../model/engine-objects.js';
import type { DriftField, Operation } from './types.js';
import { target } from './containers.js';

/**
 * The update that brings limits and restart policy into line with the spec; none when they match or were not inspected.
 */
export function inPlaceOperations(container: ObservedContainer, wanted: InPlaceSpec): Operation[] {
  const details = container.details;
  if (details === null) return [];
  const changes = inPlaceChanges(details, wanted);
  if (changes.length === 0) return [];
  return [
    {
      type: 'update-container',
      container: target(container),
      ...wanted,
      cause: changes.map(({ cause }) => cause).join(', '),
      drift: changes[0]?.drift,
    },
  ];
}

/** Lists the changes that the engine can make to a running container, in a stable order. */
export function inPlaceChanges(
  before: Pick<ContainerDetails, 'limits' | 'restartPolicy'>,
  after: InPlaceSpec,
): { readonly cause: string; readonly drift: DriftField }[] {
  const limits = LIMITS.flatMap(([limit, label]) => {
    const [old, wanted] = [before.limits[limit], after.limits[limit]];
    return old === wanted
      ? []
      : [{ cause: `${label}: ${renderLimit(limit, old)} -> ${renderLimit(limit, wanted)}`, drift: 'limits' as const }];
  });
  if (before.restartPolicy === after.restartPolicy) return limits;
  return [
    ...limits,
    { cause: `restartPolicy: ${before.restartPolicy} -> ${after.restartPolicy}`, drift: 'restartPolicy' },
  ];
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
