import { shortRevision } from '../../model/git.js';
import { problemText } from '../../model/problem-text.js';
import type { SourceSummary } from '../../status/sources.js';
import { renderTable, type Cell, type TableOptions } from './table.js';
import { formatAge } from './workspace-table.js';

const HEADINGS = ['SOURCE', 'READY', 'REF', 'APPLIED', 'ATTEMPTED', 'SPECS', 'READ', 'MESSAGE'] as const;

/** Renders the table of `get sources`. `now` is ms since the epoch. */
export function sourceTable(
  sources: readonly SourceSummary[],
  options: TableOptions & { readonly now: number },
): string {
  if (sources.length === 0) return 'No sources.\n';
  const heading: Cell[] = HEADINGS.map((text) => ({ text, tone: 'strong' }));
  return renderTable([heading, ...sources.map((source) => row(source, options.now))], options);
}

function row({ id, git, specs, problems, lastSuccess, readOnce }: SourceSummary, now: number): Cell[] {
  const readAt = git === null ? lastSuccess : git.fetchedAt;
  return [
    id,
    git?.isSuspended === true ? 'Suspended' : readOnce && problems.length === 0 ? 'True' : 'False',
    git?.ref ?? '-',
    git?.applied == null ? '-' : shortRevision(git.applied.revision),
    git?.attempted == null ? '-' : shortRevision(git.attempted.revision),
    `${specs.valid}${specs.invalid > 0 ? ` (${specs.invalid} invalid)` : ''}`,
    readAt === null ? 'never' : formatAge(now - readAt),
    git?.failure?.message ?? (problems[0] === undefined ? '' : problemText(problems[0])),
  ];
}
