import { escapeControls } from '../../model/printable.js';

/** GitHub's parser knows no longer fences than 80: a longer run of backticks could not be kept in. */
const LONGEST_RUN = 10;
const LONGEST_TEXT = 400;

/**
 * Text from specs as Markdown that shows it and nothing else: no markup, HTML, link, mention or cell of a table comes
 * of it.
 */
export function codeSpan(text: string): string {
  const escaped = escapeControls(text.slice(0, LONGEST_TEXT + 1));
  // Escaped again: a cut may halve a character.
  const cut = escaped.length > LONGEST_TEXT ? `${escapeControls(escaped.slice(0, LONGEST_TEXT))}…` : escaped;
  // What stands for something else must not read like it.
  const safe = cut
    .replaceAll('¦', '\\u00a6')
    .replaceAll('|', '¦')
    .replace(/`+/g, (run) => (run.length > LONGEST_RUN ? `${run.slice(0, LONGEST_RUN)}…(${run.length})` : run));
  if (safe.trim() === '') return '` `';
  const longest = Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  // A fence may not touch a backtick, and one space at either end belongs to the fence.
  const pad = /^[ `]|[ `]$/.test(safe) ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}
