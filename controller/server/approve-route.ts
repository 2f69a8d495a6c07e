import type { IncomingMessage } from 'node:http';
import { readJson, type Refusal } from './json-body.js';

export type Names = { /** Null stands for all. */ readonly names: readonly string[] | null } | Refusal;

/** Reads `{"names": [...]}`; no body, or no names in it, means all. */
export async function readNames(request: IncomingMessage): Promise<Names> {
  const body = await readJson(request);
  if ('error' in body) return body;
  return namesOf(body.value);
}

function namesOf(value: unknown): Names {
  const wrong = { status: 400, error: 'the body must be JSON such as {"names": ["alice"]}' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  const names: unknown = 'names' in value ? value.names : null;
  if (names === null) return { names: null };
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return wrong;
  return { names };
}
