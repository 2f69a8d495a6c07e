import { ShapeError } from './shapes.js';

const HEADER_BYTES = 8;
const LAST_STREAM_TYPE = 3;

export interface FrameReader {
  /** The payloads that `chunk` brings, in order; a frame's payload may come in several pieces. */
  push(chunk: Buffer): Buffer[];
  /** Throws when the stream ended within a frame. */
  end(): void;
}

/** Takes apart the two streams of a container without a terminal: 8 bytes of header, then the payload. A loop, for thousands of tiny frames come in one chunk (TRAPS: dockerode 6). */
export function createFrameReader(): FrameReader {
  let header = Buffer.alloc(0);
  let missing = 0;
  return {
    push(chunk) {
      const payloads: Buffer[] = [];
      let rest = chunk;
      while (rest.length > 0) {
        if (missing > 0) {
          payloads.push(rest.subarray(0, missing));
          const taken = Math.min(missing, rest.length);
          rest = rest.subarray(taken);
          missing -= taken;
          continue;
        }
        const wanted = HEADER_BYTES - header.length;
        header = Buffer.concat([header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (header.length < HEADER_BYTES) break;
        missing = payloadSize(header);
        header = Buffer.alloc(0);
      }
      return payloads;
    },
    end() {
      if (missing > 0 || header.length > 0) throw new ShapeError('the log ends within a frame');
    },
  };
}

function payloadSize(header: Buffer): number {
  if (header.readUInt8(0) > LAST_STREAM_TYPE || header.readUIntBE(1, 3) !== 0) throw new ShapeError('the log is not framed');
  return header.readUInt32BE(4);
}
