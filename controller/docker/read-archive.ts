import type { IncomingMessage } from 'node:http';
import { pathOf, type Call, type EngineClient } from './engine-client.js';
import type { Scope } from './deadline.js';
import { EngineError } from './port.js';

/** Reads the tar of what exists at a path of a container; returns null when nothing does. */
export async function readArchive<T>(
  engine: EngineClient,
  call: Pick<Call, 'verb' | 'deadlineMs' | 'longLived' | 'options'>,
  idOrName: string,
  path: string,
  read: (archive: IncomingMessage, scope: Scope) => Promise<T>,
): Promise<T | null> {
  try {
    return await engine.call(
      { ...call, method: 'GET', path: pathOf('containers', idOrName, 'archive'), query: { path } },
      read,
    );
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'not-found')) throw error;
    // Either the path or the container is missing. This call throws if it is the container.
    await engine.effect({ ...call, method: 'GET', path: `${pathOf('containers', idOrName)}/json` });
    return null;
  }
}
