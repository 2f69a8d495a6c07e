import type { CliIo } from '../io.js';
import { cut, oneLineText } from './table.js';

/** What a person sees of a collection under way, on stderr. */
export interface GcProgress {
  report(cache: string, message: string): void;
  /** To be called before the result is printed. */
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/** Rewrites one line at a terminal, and writes a line for each step elsewhere. A repeated message is left out. */
export function createGcProgress(io: CliIo): GcProgress {
  let last = '';

  function report(cache: string, message: string): void {
    const line = oneLineText(`${cache}: ${message}`);
    if (line === last) return;
    last = line;
    // A terminal wraps a line that fills its width, and the wrapped one is not rewritten.
    io.err(io.errColumns === null ? `${line}\n` : `${CLEAR_LINE}${cut(line, Math.max(io.errColumns - 1, 1))}`);
  }

  function end(): void {
    if (io.errColumns !== null && last !== '') io.err(CLEAR_LINE);
    last = '';
  }

  return { report, end };
}
