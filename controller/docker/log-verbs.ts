import { stripVTControlCharacters } from 'node:util';
import { pathOf, type EngineClient } from './engine-client.js';
import { createFrameReader } from './frame-reader.js';
import type { DockerPort } from './port.js';
import { asObject, ShapeError } from './shapes.js';

const READ_MS = 30_000;
const LONGEST_TAIL = 64 * 1024;

/** The verb of the port for a container's log. */
export function logVerbs(engine: EngineClient): Pick<DockerPort, 'tailContainer'> {
  return {
    async tailContainer(idOrName, lines, options) {
      const call = { verb: 'tailContainer', method: 'GET', deadlineMs: READ_MS, options } as const;
      // Engines before 23 do not say in the answer whether it consists of frames.
      const hasTerminal = await engine.json(
        { ...call, path: `${pathOf('containers', idOrName)}/json` },
        (answer) => asObject(asObject(answer, 'it')['Config'], 'Config')['Tty'] === true,
      );
      const query = { stdout: '1', stderr: '1', follow: '0', tail: String(lines) };
      return engine.call(
        { ...call, path: pathOf('containers', idOrName, 'logs'), query, longLived: true },
        async (answer) => {
          const tail = createTail();
          const frames = createFrameReader();
          for await (const chunk of answer as AsyncIterable<Buffer>) {
            if (hasTerminal) tail.push(chunk);
            else for (const { payload } of frames.push(chunk)) tail.push(payload);
          }
          if (frames.isWithinFrame()) throw new ShapeError('the log ends within a frame');
          return tail.text();
        },
      );
    },
  };
}

/** Keeps the last 64 KiB of what is pushed. */
function createTail() {
  let pieces: Buffer[] = [];
  let size = 0;
  const compact = () => {
    const kept = Buffer.concat(pieces).subarray(-LONGEST_TAIL);
    pieces = [kept];
    size = kept.length;
  };
  return {
    push(piece: Buffer): void {
      pieces.push(piece);
      size += piece.length;
      if (size > 2 * LONGEST_TAIL) compact();
    },
    text(): string {
      compact();
      return printable(pieces[0]!.toString('utf8'));
    },
  };
}

/**
 * Removes from `text` what controls a terminal or forges lines in a log: escape sequences, and control characters
 * except tab and newline.
 */
export function printable(text: string): string {
  const plain = stripVTControlCharacters(text).replace(/\r+\n/g, '\n').replace(/\r/g, '\n');
  const visible = plain.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
  return visible.replace(/\n+$/, '');
}
