import { ShapeError } from './shapes.js';

const HEADER_BYTES = 8;
const STDERR_TYPE = 2;
/** The type of a frame that says why the engine cannot go on. */
const LAST_STREAM_TYPE = 3;

/** All of a frame's payload, or a part of it. */
export interface FramePiece {
  readonly stream: 'stdout' | 'stderr';
  readonly payload: Buffer;
}

export interface FrameReader {
  /** The payloads that `chunk` brings, in order; a frame's payload may come in several pieces. */
  push(chunk: Buffer): FramePiece[];
  /** True in the middle of a frame, where a stream that is whole does not end. */
  isWithinFrame(): boolean;
}

/**
 * Takes apart the two streams of a container without a terminal: 8 bytes of header, then the payload. It loops instead
 * of recursing, for thousands of tiny frames come in one chunk (trap dockerode-6).
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
