import { pathOf, type EngineClient } from './engine-client.js';
import { EngineError, type CallOptions } from './port.js';
import { asObject, asText, parseJson, ShapeError } from './shapes.js';

const READ_MS = 30_000;

/** For the verb that asks; null when nothing stands at the path. */
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
    // The answer to a HEAD has no words. For a 404, to tell a missing path from a missing container, ask for the container.
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
