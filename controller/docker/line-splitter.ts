import { ShapeError } from './shapes.js';

const LONGEST_LINE = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

export interface LineSplitter {
  /** Returns the lines that `chunk` completes. */
  push(chunk: Buffer): string[];
  /** Returns the text that the stream's end left without a newline; empty when there is none. */
  rest(): string;
}

export interface LineOptions {
  /**
   * For the output of a program: empty lines and spaces are kept, and a line that is too long is cut instead of
   * rejected.
   */
  readonly verbatim?: boolean;
}

/** Splits a stream into lines. A chunk is not a line (trap dockerode-4), and may end within a UTF-8 character. */
export function createLineSplitter({ verbatim = false }: LineOptions = {}): LineSplitter {
  let pending: Buffer[] = [];
  let pendingSize = 0;

  function take(last: Buffer): string {
    const line = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    pendingSize = 0;
    const text = line.toString('utf8');
    return verbatim ? text.replace(/\r$/, '') : text.trim();
  }

  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        lines.push(take(chunk.subarray(from, at)));
        from = at + 1;
      }
      if (from < chunk.length) {
        pending.push(chunk.subarray(from));
        pendingSize += chunk.length - from;
      }
      if (pendingSize > LONGEST_LINE) {
        if (!verbatim) throw new ShapeError(`a line is longer than ${LONGEST_LINE} bytes`);
        lines.push(take(Buffer.alloc(0)));
      }
      return verbatim ? lines : lines.filter((line) => line !== '');
    },
    rest: () => take(Buffer.alloc(0)),
  };
}
