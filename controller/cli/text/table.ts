import { paint, type Tone } from './paint.js';

export type Cell = string | { readonly text: string; readonly tone: Tone };

export interface TableOptions {
  /** The width to which lines are cut; null for no limit. */
  readonly columns: number | null;
  readonly color: boolean;
}

const GAP = '  ';

/** Renders aligned columns without trailing white space; only the last column is cut. The first row is the heading. */
export function renderTable(rows: readonly (readonly Cell[])[], { columns, color }: TableOptions): string {
  const widths = widthsOf(rows);
  const lastAt = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = columns === null ? Infinity : Math.max(columns - lastAt, 8);
  const lines = rows.map((row) =>
    row
      .map((cell, index) => {
        const last = index === row.length - 1;
        const text = last ? cut(plainText(cell), room) : plainText(cell);
        const padding = last ? '' : ' '.repeat((widths[index] ?? 0) - [...text].length);
        return paint(text, typeof cell === 'string' ? null : cell.tone, color) + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Puts a text on one line without control characters, because messages contain texts from registries and images. */
export function oneLineText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

/** Cuts a text to at most `room` characters; a text that is cut ends with an ellipsis. */
export function cut(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room
    ? text
    : `${characters
        .slice(0, room - 1)
        .join('')
        .trimEnd()}…`;
}

function widthsOf(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, [...plainText(cell)].length);
  }
  return widths;
}

function plainText(cell: Cell): string {
  return oneLineText(typeof cell === 'string' ? cell : cell.text);
}
