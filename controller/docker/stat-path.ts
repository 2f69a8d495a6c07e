import { pathOf, type EngineClient } from './engine-client.js';
import { EngineError, type CallOptions } from './port.js';
import { asObject, asText, parseJson, ShapeError } from './shapes.js';

const READ_MS = 30_000;

/**
 * Describes what exists at a path of a container; null when nothing does. `linkTarget` is where a link finally leads,
 * and empty for anything else. `verb` is the verb of the port that calls this, for errors.
 */
export async function statPath(
  engine: EngineClient,
  verb: string,
  idOrName: string,
  path: string,
  options?: CallOptions,
): Promise<{ linkTarget: string } | null> {
  const call = { verb, deadlineMs: READ_MS, options } as const;
  const archive = pathOf('containers', idOrName, 'archive');
  try {
    return await engine.call({ ...call, method: 'HEAD', path: archive, query: { path } }, async (answer) =>
      statFrom(answer.headers['x-docker-container-path-stat']),
    );
  } catch (error) {
    if (!(error instanceof EngineError) || error.status === null) throw error;
    // The answer to a HEAD has no message, so a GET follows. After a 404 it requests the container: when that is
    // missing too, it throws; otherwise the path is missing.
    const isMissing = error.status === 404;
    await engine.call(
      isMissing
        ? { ...call, method: 'GET', path: `${pathOf('containers', idOrName)}/json` }
        : { ...call, method: 'GET', path: archive, query: { path } },
      async (answer) => void answer.destroy(),
    );
    if (isMissing) return null;
    throw error;
  }
}

function statFrom(header: string | string[] | undefined): { linkTarget: string } {
  if (typeof header !== 'string') throw new ShapeError('the path status is missing');
  const stat = asObject(
    parseJson(Buffer.from(header, 'base64').toString('utf8'), 'the path status'),
    'the path status',
  );
  return { linkTarget: asText(stat['linkTarget'] ?? '', 'linkTarget') };
}
