import { ShapeError } from './shapes.js';

const LONGEST_LINE = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

export interface LineSplitter {
  /** The lines that `chunk` completes. */
  push(chunk: Buffer): string[];
  /** The line that the stream's end left without a newline; empty when there is none. */
  rest(): string;
}

/** Cuts a stream into lines. A chunk is not a line (TRAPS: dockerode 4), and not even a whole number of UTF-8 characters. */
export function createLineSplitter(): LineSplitter {
  let pending: Buffer[] = [];
  let pendingSize = 0;

  function take(last: Buffer): string {
    const line = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    pendingSize = 0;
    return line.toString('utf8');
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
      if (pendingSize > LONGEST_LINE) throw new ShapeError(`a line is longer than ${LONGEST_LINE} bytes`);
      return lines.filter((line) => line.trim() !== '');
    },
    rest: () => take(Buffer.alloc(0)).trim(),
  };
}
