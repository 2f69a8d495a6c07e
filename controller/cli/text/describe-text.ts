import { isGitSourceId } from '../../model/git.js';
import type { WorkspaceStatus } from '../../model/status.js';
import type { CountedEvent } from '../../status/events.js';
import { cacheUseText } from './cache-text.js';
import { conditionsSection, eventsSection, renderFacts } from './sections.js';
import { formatAge, portsText } from './workspace-table.js';

/** Renders the answer of `describe workspace`. `now` is ms since the epoch. */
export function describeWorkspaceText(status: WorkspaceStatus, events: readonly CountedEvent[], now: number): string {
  return [
    renderFacts([...facts(status, now), ...cacheFacts(status)]),
    conditionsSection(status.conditions, now),
    eventsSection(events, now),
  ].join('');
}

function facts({ name, phase, location, revision, specHash, container }: WorkspaceStatus, now: number): string[][] {
  const spec = location === null ? '-' : `${location.file}:${location.line}:${location.column}`;
  const rows = [
    ['Name:', name],
    ['Phase:', phase],
    ['Spec:', spec],
    ['Spec hash:', specHash ?? '-'],
    ...(location !== null && isGitSourceId(location.source)
      ? [
          ['Source:', location.source],
          ['Revision:', revision ?? 'none yet'],
        ]
      : []),
  ];
  if (container === null) return [...rows, ['Container:', 'none']];
  const { id, image, state, health, ports, startedAt } = container;
  rows.push(
    ['Container:', id.slice(0, 12)],
    ['Image:', image],
    ['State:', health === 'none' ? state : `${state}, ${health}`],
    ['Ports:', portsText(ports)],
  );
  if (startedAt !== null)
    rows.push(['Started:', `${new Date(startedAt).toISOString()} (${formatAge(now - startedAt)} ago)`]);
  return rows;
}

function cacheFacts({ cache }: WorkspaceStatus): string[][] {
  if (cache === null) return [['Cache:', 'none']];
  const { name, packages, lastUse } = cache;
  return [
    ['Cache:', name],
    ['Packages:', packages.length === 0 ? 'none' : packages.join(', ')],
    ['Cache use:', lastUse === null ? '-' : cacheUseText(lastUse)],
  ];
}
