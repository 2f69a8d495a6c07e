import { escapeControls } from '../../model/printable.js';

/** GitHub's parser accepts fences of at most 80 backticks, so longer runs of backticks in the text are shortened. */
const LONGEST_RUN = 10;
const LONGEST_TEXT = 400;

/**
 * Turns text from specs into Markdown that shows exactly that text: it cannot become markup, HTML, a link, a mention or
 * a table cell.
 */
export function codeSpan(text: string): string {
  const escaped = escapeControls(text.slice(0, LONGEST_TEXT + 1));
  // The text is escaped again, because the cut may leave half of a surrogate pair.
  const cut = escaped.length > LONGEST_TEXT ? `${escapeControls(escaped.slice(0, LONGEST_TEXT))}…` : escaped;
  // A character that is used as a replacement is itself escaped, so that the two cannot be confused.
  const safe = cut
    .replaceAll('¦', '\\u00a6')
    .replaceAll('|', '¦')
    .replace(/`+/g, (run) => (run.length > LONGEST_RUN ? `${run.slice(0, LONGEST_RUN)}…(${run.length})` : run));
  if (safe.trim() === '') return '` `';
  const longest = Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  // A fence must not touch a backtick, and a parser strips one space at either end.
  const pad = /^[ `]|[ `]$/.test(safe) ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}
