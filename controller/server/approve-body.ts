import type { IncomingMessage } from 'node:http';

const LARGEST_BODY = 64 * 1024;

export type Names =
  | { /** Null stands for all. */ readonly names: readonly string[] | null }
  | { readonly status: number; readonly error: string };

/** Reads `{"names": [...]}`; no body, or no names in it, means all. */
export async function readNames(request: IncomingMessage): Promise<Names> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return { status: 413, error: `the body is larger than ${LARGEST_BODY} bytes` };
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '') return { names: null };
  return namesOf(parsed(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function namesOf(value: unknown): Names {
  const wrong = { status: 400, error: 'the body must be JSON such as {"names": ["alice"]}' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  const names: unknown = 'names' in value ? value.names : null;
  if (names === null) return { names: null };
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return wrong;
  return { names };
}
