import type { IncomingMessage } from 'node:http';
import { failure, json, type Reply } from './routes.js';

const ACTIONS = ['sync', 'suspend', 'resume'] as const;
type Action = (typeof ACTIONS)[number];

/** Acts on a git source and says in a line what was done; null: there is no such source. */
export type ActOnSource = (name: string, action: Action) => Promise<string | null>;

/** `/api/v1/sources/NAME/ACTION`; null for another path. */
export function sourceAction(path: string): { readonly name: string; readonly action: Action } | null {
  const match = /^\/api\/v1\/sources\/([a-z0-9-]{1,63})\/([a-z]+)$/.exec(path);
  const action = ACTIONS.find((one) => one === match?.[2]);
  return match === null || action === undefined ? null : { name: match[1] ?? '', action };
}

export async function actOnSource({ name, action }: { readonly name: string; readonly action: Action }, request: IncomingMessage, onSource: ActOnSource | null): Promise<Reply> {
  if (onSource === null) return failure(404, 'changes go over the Unix socket: use kalpana source');
  if (request.method !== 'POST') return failure(405, `${action} takes POST`, { Allow: 'POST' });
  const message = await onSource(name, action);
  return message === null ? failure(404, `there is no git source '${name}'`) : json(200, { message });
}
