import type { CliIo } from '../io.js';
import { cut, oneLineText } from './table.js';

/** Shows the progress of a collection on stderr. */
export interface GcProgress {
  report(cache: string, message: string): void;
  /** Clears the progress; to be called before the result is printed. */
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/**
 * Creates a progress that rewrites one line at a terminal, and writes a line for each step elsewhere. A repeated
 * message is left out.
 */
export function createGcProgress(io: CliIo): GcProgress {
  let last = '';

  function report(cache: string, message: string): void {
    const line = oneLineText(`${cache}: ${message}`);
    if (line === last) return;
    last = line;
    // A terminal wraps a line that fills its width, and only the last part of a wrapped line is rewritten.
    io.err(io.errColumns === null ? `${line}\n` : `${CLEAR_LINE}${cut(line, Math.max(io.errColumns - 1, 1))}`);
  }

  function end(): void {
    if (io.errColumns !== null && last !== '') io.err(CLEAR_LINE);
    last = '';
  }

  return { report, end };
}
