import type { CliIo } from '../io.js';
import { cut, oneLineText } from './table.js';

/** What a person sees of a collection under way, on stderr. */
export interface GcProgress {
  tell(cache: string, message: string): void;
  /** Before the result is printed. */
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/** At a terminal one line that is rewritten, elsewhere a line for each step: the keep-alives repeat the last. */
export function createGcProgress(io: CliIo): GcProgress {
  let last = '';

  function tell(cache: string, message: string): void {
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

  return { tell, end };
}
