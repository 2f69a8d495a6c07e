import type { IncomingMessage } from 'node:http';
import { SOURCE_ACTIONS, type SourceAction } from '../model/git.js';
import { sourceOfAction } from './paths.js';
import { failure, json, type Reply } from './reply.js';

/** Performs an action on a git source and returns a line about it; null when there is no such source. */
export type ActOnSource = (name: string, action: SourceAction) => Promise<string | null>;

export interface SourceRequest {
  readonly name: string;
  readonly action: SourceAction;
}

/** The request for `/api/v1/sources/NAME/ACTION`; null for another path. */
export function sourceRequest(path: string): SourceRequest | null {
  for (const action of SOURCE_ACTIONS) {
    const name = sourceOfAction(path, action);
    if (name !== null) return { name, action };
  }
  return null;
}

/** Answers `POST /api/v1/sources/NAME/ACTION`. `onSource` is null when this address accepts no changes. */
export async function sourceRoute(
  { name, action }: SourceRequest,
  request: IncomingMessage,
  onSource: ActOnSource | null,
): Promise<Reply> {
  if (onSource === null) return failure(404, 'changes go over the Unix socket: use kalpana source');
  if (request.method !== 'POST') return failure(405, `${action} takes POST`, { Allow: 'POST' });
  const message = await onSource(name, action);
  return message === null ? failure(404, `there is no git source '${name}'`) : json(200, { message });
}
