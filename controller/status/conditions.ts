import { problemText } from '../model/problem-text.js';
import { explain } from '../model/reasons.js';
import type { Condition, ConditionType } from '../model/condition.js';
import type { WorkspaceReport } from '../model/status.js';
import { capitalised, conditionsFrom, no, unknown, yes, type Finding } from './findings.js';
import { cacheReady, packagesReady } from './package-conditions.js';

/**
 * The conditions of a workspace after `report`; `previous` are those before it.
 * @param now milliseconds since the epoch
 */
export function conditionsOf(report: WorkspaceReport, previous: readonly Condition[], now: number): Condition[] {
  const { cache } = report;
  const findings: readonly (readonly [ConditionType, Finding])[] = [
    ['SpecValid', specValid(report)],
    ...(cache === null
      ? []
      : ([
          ['CacheReady', cacheReady(cache, report.verdict)],
          ['PackagesReady', packagesReady(cache, report.verdict)],
        ] as const)),
    ['ContainerReady', containerReady(report)],
    ['Ready', ready(report)],
  ];
  return conditionsFrom(findings, previous, now);
}

/** The condition of this type; null when the status has none. */
export function conditionOf<Type extends string>(
  status: { readonly conditions: readonly Condition<Type>[] },
  type: Type,
): Condition<Type> | null {
  return status.conditions.find((condition) => condition.type === type) ?? null;
}

function specValid({ spec, verdict }: WorkspaceReport): Finding {
  const failure = verdict.kind === 'failing' ? verdict.failure : null;
  if (spec === null) {
    if (failure?.reason === 'SpecInvalid') return no('SpecInvalid', explain(failure));
    return {
      status: 'Unknown',
      reason: verdict.kind === 'held' ? 'DeletionHeld' : 'RemovalPending',
      message: 'The spec is gone.',
    };
  }
  if (spec.problem === null) return yes('Valid', '');
  const reason = failure?.reason === 'SecretUnreadable' ? 'SecretUnreadable' : 'SpecInvalid';
  return no(reason, problemText(spec.problem));
}

function containerReady({ container, verdict }: WorkspaceReport): Finding {
  switch (verdict.kind) {
    case 'ready':
      return yes('Running', '');
    case 'failing':
      // What the engine does not report is unknown, not absent (law 2).
      if (verdict.failure.reason === 'EngineUnreachable')
        return unknown(verdict.failure.reason, explain(verdict.failure));
      return verdict.serving ? yes('Running', '') : no(verdict.failure.reason, explain(verdict.failure));
    case 'stopped':
    case 'progressing':
    case 'held':
    case 'removing':
    case 'removed':
      return asSeen(container);
  }
}

function asSeen(container: WorkspaceReport['container']): Finding {
  if (container === null) return no('Missing', 'There is no container.');
  if (container.state !== 'running') return no(capitalised(container.state), `The container is ${container.state}.`);
  switch (container.health) {
    case 'none':
    case 'healthy':
      return yes('Running', '');
    case 'starting':
      return no('Starting', 'The health check has not answered yet.');
    case 'unhealthy':
      return no('Unhealthy', 'The health check fails.');
  }
}

function ready({ verdict }: WorkspaceReport): Finding {
  switch (verdict.kind) {
    case 'ready':
      return yes('Ready', '');
    case 'stopped':
      return no('Stopped', 'Stopped, as the spec wants it.');
    case 'progressing':
      return no(verdict.replacing ? 'Replacing' : 'Starting', verdict.message);
    case 'failing':
      if (verdict.failure.reason === 'EngineUnreachable')
        return unknown(verdict.failure.reason, explain(verdict.failure));
      return no(verdict.failure.reason, explain(verdict.failure));
    case 'held':
      return no(verdict.failure.reason, explain(verdict.failure));
    case 'removing':
    case 'removed':
      return no('RemovalPending', 'The spec is gone; the container is being removed.');
  }
}
