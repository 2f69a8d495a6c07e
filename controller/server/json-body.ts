import type { IncomingMessage } from 'node:http';

const LARGEST_BODY = 64 * 1024;

/** A body that cannot be used: the status and the message to answer with. */
export interface BadBody {
  readonly status: number;
  readonly error: string;
}

/** Reads the JSON in the body of a request: an empty object when there is no body, undefined when it is not JSON. */
export async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | BadBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return { status: 413, error: `the body is larger than ${LARGEST_BODY} bytes` };
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  return { value: text === '' ? {} : parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
