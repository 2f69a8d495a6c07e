import type { EngineClient } from './engine-client.js';
import { EngineError, type CallOptions, type DockerPort } from './port.js';
import { readArchive } from './read-archive.js';
import { ShapeError } from './shapes.js';
import { statPath } from './stat-path.js';
import { linkIn } from './tar.js';

const READ_MS = 30_000;
/** A header with a path of Linux's greatest length in it is far smaller. */
const LARGEST_HEADER = 1024 * 1024;
/** Of a directory: the engine sends whatever stands before the link, and locks the container for so long. About a second. */
const LARGEST_SEARCH = 256 * 1024 * 1024;
const LONGEST_NAME_BYTES = 255;

/** The engine's words when it cannot walk a path to its end, of 20.10 and of later ones; whether before or behind the link they do not say. */
const NO_WAY = /: (not a directory|too many levels of symbolic links)$|^evalSymlinksInScope: too many links in /;
const TOO_LONG = /: file name too long$/;

export function linkVerbs(engine: EngineClient): Pick<DockerPort, 'readLink'> {
  return {
    async readLink(idOrName, path, options) {
      try {
        const stat = await statPath(engine, 'readLink', idOrName, path, options);
        // Its target is evaluated, so it says only that this is a link: one to a link is skipped in it.
        if (stat === null || stat.linkTarget === '') return null;
        return await readArchive(
          engine,
          { verb: 'readLink', deadlineMs: READ_MS, options },
          idOrName,
          path,
          async (archive) => {
            const found = await linkIn(archive, () => true, LARGEST_HEADER);
            if (found === null) throw new ShapeError('the archive of a link is empty');
            // A directory by now, perhaps: the rest of it is let go.
            return found.target;
          },
        );
      } catch (error) {
        if (!saysAny(error, NO_WAY, TOO_LONG)) throw error;
        return searchDirectory(engine, idOrName, path, error, options);
      }
    },
  };
}

/**
 * The engine evaluates a link before it tells anything of it, HEAD and GET alike, and fails over one in a loop or through
 * a file. The archive of the directory that holds it has it as it is.
 */
async function searchDirectory(
  engine: EngineClient,
  idOrName: string,
  path: string,
  failure: EngineError,
  options: CallOptions | undefined,
): Promise<string | null> {
  const end = path.lastIndexOf('/') + 1;
  const name = path.slice(end);
  // `l/` and `l/.` are what a link leads to. Nothing has a name that is too long.
  if (name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > LONGEST_NAME_BYTES) return null;
  // With its slash: a link to a directory would be the link alone, and a file pass for one.
  const directory = path.slice(0, end) || '/';
  const call = { verb: 'readLink', deadlineMs: READ_MS, longLived: true, options } as const;
  const searched = await readArchive(engine, call, idOrName, directory, async (archive) => ({
    found: await linkIn(archive, (entry, root) => entry === `${root}/${name}`, LARGEST_SEARCH),
  })).catch((error: unknown) => {
    // No directory holds it: its way leads through a file or a loop. One too long for the engine may exist all the same.
    if (saysAny(error, NO_WAY)) return null;
    throw error;
  });
  if (searched === null) return null;
  if (searched.found !== null) return searched.found.target;
  // It stands behind what was read, or has gone since. Unknown is not absent, but one that leads nowhere leads nobody anywhere.
  if (saysAny(failure, NO_WAY)) return null;
  throw failure;
}

function saysAny(error: unknown, ...words: readonly RegExp[]): error is EngineError {
  return (
    error instanceof EngineError && error.kind === 'server' && words.some((pattern) => pattern.test(error.message))
  );
}
