import type { IncomingMessage } from 'node:http';
import { readJson, type BadBody } from './json-body.js';
import { failure, json, type Reply } from './reply.js';

/** Confirms the held removals with these names, or all of them for null, and returns the confirmed names. */
export type Approve = (names: readonly string[] | null) => { readonly approved: readonly string[] };

export const APPROVE = '/api/v1/approve';

/** Answers `POST /api/v1/approve`. `onApprove` is null when this address accepts no changes. */
export async function approveRoute(request: IncomingMessage, onApprove: Approve | null): Promise<Reply> {
  if (onApprove === null) return failure(404, 'changes go over the Unix socket: use kalpana approve');
  if (request.method !== 'POST') return failure(405, `${APPROVE} takes POST`, { Allow: 'POST' });
  const names = await readNames(request);
  return 'error' in names ? failure(names.status, names.error) : json(200, onApprove(names.names));
}

/** The names in a request; null stands for all. */
type Names = { readonly names: readonly string[] | null } | BadBody;

/** Reads `{"names": [...]}`; no body, or a body without names, means all. */
async function readNames(request: IncomingMessage): Promise<Names> {
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
