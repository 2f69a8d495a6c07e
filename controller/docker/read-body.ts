import type { IncomingMessage } from 'node:http';
import { ShapeError } from './shapes.js';

/** 10,000 containers with long labels produce some 40 MB. */
const LARGEST_ANSWER = 256 * 1024 * 1024;

/**
 * Reads the whole body as UTF-8. Rejects when the connection is lost before its end, or when it exceeds `limit` bytes.
 */
export async function readBody(answer: IncomingMessage, limit = LARGEST_ANSWER): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ShapeError(`it is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
