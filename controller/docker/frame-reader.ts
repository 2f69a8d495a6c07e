import { ShapeError } from './shapes.js';

const HEADER_BYTES = 8;
const STDERR_TYPE = 2;
/** The type of a frame with the reason why the engine cannot continue. */
const LAST_STREAM_TYPE = 3;

/** The payload of a frame, or a part of it. */
export interface FramePiece {
  readonly stream: 'stdout' | 'stderr';
  readonly payload: Buffer;
}

export interface FrameReader {
  /** Returns the payloads in `chunk`, in order; the payload of a frame may arrive in several pieces. */
  push(chunk: Buffer): FramePiece[];
  /** Whether the stream is in the middle of a frame; a complete stream does not end there. */
  isWithinFrame(): boolean;
}

/**
 * Separates the two streams of a container without a terminal. Each frame has a header of 8 bytes and a payload. The
 * reader loops instead of recursing, because thousands of tiny frames arrive in one chunk (trap dockerode-6).
 */
export function createFrameReader(): FrameReader {
  let header = Buffer.alloc(0);
  let stream: FramePiece['stream'] = 'stdout';
  let missing = 0;
  return {
    push(chunk) {
      const pieces: FramePiece[] = [];
      let rest = chunk;
      while (rest.length > 0) {
        if (missing > 0) {
          pieces.push({ stream, payload: rest.subarray(0, missing) });
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
        stream = header.readUInt8(0) >= STDERR_TYPE ? 'stderr' : 'stdout';
        header = Buffer.alloc(0);
      }
      return pieces;
    },
    isWithinFrame: () => missing > 0 || header.length > 0,
  };
}

function payloadSize(header: Buffer): number {
  if (header.readUInt8(0) > LAST_STREAM_TYPE || header.readUIntBE(1, 3) !== 0)
    throw new ShapeError('the output is not framed');
  return header.readUInt32BE(4);
}
