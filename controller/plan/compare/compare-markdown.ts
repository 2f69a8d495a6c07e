import type { SpecProblem } from '../../model/desired.js';
import { shortRevision, type Commit } from '../../model/git.js';
import { codeSpan } from './code-span.js';
import type { Comparison } from './compare.js';
import { comparisonRows, DATA_GOES, HELD, type ComparisonRow } from './compare-rows.js';
import { comparisonSummary } from './compare-summary.js';

/** The first line of the comment, which lets the next run find it. */
export const COMMENT_MARKER = '<!-- kalpana-plan -->';

export interface MarkdownContext {
  readonly from: Commit;
  readonly to: Commit;
  /**
   * The names by which the two commits were requested, or null when only the commit or the repository's HEAD was given.
   */
  readonly fromName?: string | null;
  readonly toName?: string | null;
  /** The problems of the specs of `to`. */
  readonly problems: readonly SpecProblem[];
  /** Why `to` would not be applied, or null when it would be. */
  readonly failure: string | null;
  /** Reasons why the comparison is incomplete. */
  readonly warnings?: readonly string[];
}

/** The longest comment in characters; GitHub accepts 65,536. */
const LONGEST = 60_000;
/** Characters reserved for the text after the list. */
const TAIL = 300;
const UNFOLDED_ROWS = 30;
const NAMES_IN_WARNING = 30;
const CAUSES_IN_ROW = 40;

/** Renders a comparison as a comment for a pull request. */
export function compareMarkdown(
  comparison: Comparison,
  { from, to, fromName = null, toName = null, problems, failure, warnings = [] }: MarkdownContext,
): string {
  const head = [
    COMMENT_MARKER,
    `### Kalpana: what ${named(toName, to)} changes, compared with ${named(fromName, from)}`,
    '',
  ];
  if (failure !== null || problems.length > 0) return invalid(head, problems, failure);
  const alerts = [
    ...warnings.slice(0, NAMES_IN_WARNING).map((warning) => `- **Warning:** ${codeSpan(warning)}`),
    ...warningLines(comparison),
  ];
  head.push(comparisonSummary(comparison), '', ...alerts, ...(alerts.length > 0 ? [''] : []));
  const rows = comparisonRows(comparison).map(tableRow);
  if (rows.length === 0) return textOf(head);
  const isFolded = rows.length > UNFOLDED_ROWS;
  if (isFolded) head.push('<details>', `<summary>${rows.length} rows</summary>`, '');
  head.push('| Object | Change | Details |', '| --- | --- | --- |');
  const shown = fitting(head, rows);
  const left = rows.length - shown.length;
  return textOf([
    ...head,
    ...shown,
    ...(isFolded ? ['', '</details>'] : []),
    ...(left > 0 ? ['', leftOut(left, 'rows')] : []),
  ]);
}

function tableRow({ object, action, causes, notes }: ComparisonRow): string {
  const left = causes.length - CAUSES_IN_ROW;
  const more = left > 0 ? [`and ${left} more, which kalpana plan shows`] : [];
  const details = [...causes.slice(0, CAUSES_IN_ROW).map(codeSpan), ...more, ...notes.map(codeSpan)];
  return `| ${codeSpan(object)} | ${action} | ${details.join('<br>')} |`;
}

function invalid(head: readonly string[], problems: readonly SpecProblem[], failure: string | null): string {
  const why = [...head, '**Nothing would be applied:** the specs of this commit are not valid or cannot be used.', ''];
  if (problems.length === 0) return textOf([...why, `- ${codeSpan(failure ?? '')}`]);
  const lines = problems.map(
    ({ location: { file, line, column }, message }) =>
      `- ${codeSpan(`${file}:${line}:${column}`)} ${codeSpan(message)}`,
  );
  const shown = fitting(why, lines);
  const left = lines.length - shown.length;
  return textOf([...why, ...shown, ...(left > 0 ? ['', leftOut(left, 'problems')] : [])]);
}

function warningLines({ workspaces }: Comparison): string[] {
  const removed = workspaces.flatMap((change) => (change.kind === 'removed' ? [change] : []));
  const replaced = workspaces.filter(
    (change) =>
      change.kind === 'changed' && change.state === 'Running' && change.effects.some(({ type }) => type === 'replace'),
  );
  return [
    ...warning(
      `Removed, and ${DATA_GOES}`,
      removed.filter(({ deletesData }) => deletesData),
    ),
    ...warning(
      `Removals ${HELD}`,
      removed.filter(({ held }) => held),
    ),
    ...warning('Containers replaced: what runs in them ends', replaced),
  ];
}

function warning(words: string, changes: readonly { readonly name: string }[]): string[] {
  if (changes.length === 0) return [];
  const more = changes.length > NAMES_IN_WARNING ? ` and ${changes.length - NAMES_IN_WARNING} more` : '';
  return [
    `- **${words}:** ${changes
      .slice(0, NAMES_IN_WARNING)
      .map(({ name }) => codeSpan(name))
      .join(', ')}${more}`,
  ];
}

/** The leading `lines` that fit into the comment after `head`. */
function fitting(head: readonly string[], lines: readonly string[]): readonly string[] {
  let room = LONGEST - TAIL - textOf(head).length;
  const end = lines.findIndex((line) => (room -= line.length + 1) < 0);
  return end < 0 ? lines : lines.slice(0, end);
}

function leftOut(count: number, what: string): string {
  return `${count} more ${what} are left out here for length; kalpana plan shows all of them.`;
}

function named(name: string | null, { revision }: Commit): string {
  const hash = codeSpan(shortRevision(revision));
  return name === null || name === revision ? hash : `${codeSpan(name)} (${hash})`;
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n').trimEnd()}\n`;
}
