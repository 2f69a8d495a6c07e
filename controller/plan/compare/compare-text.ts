import { escapeControls } from '../../model/printable.js';
import type { Comparison } from './compare.js';
import { comparisonRows } from './compare-rows.js';

/** Renders one line per change: `alice: replace  # image: debian:12 -> debian:13`. */
export function compareText(comparison: Comparison): string {
  const lines = comparisonRows(comparison).map(({ object, action, causes, notes }) => {
    const details = [...(causes.length > 0 ? [causes.join(', ')] : []), ...notes].join('; ');
    return `${object}: ${action}${details === '' ? '' : `  # ${details}`}`;
  });
  return lines.length === 0 ? 'Nothing changes.\n' : lines.map((line) => `${escapeControls(line)}\n`).join('');
}
