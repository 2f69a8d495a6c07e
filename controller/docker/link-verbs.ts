import type { EngineClient } from './engine-client.js';
import { EngineError, type CallOptions, type DockerPort } from './port.js';
import { readArchive } from './read-archive.js';
import { ShapeError } from './shapes.js';
import { statPath } from './stat-path.js';
import { linkIn } from './tar.js';

const READ_MS = 30_000;
/** Far larger than a header with the longest path that Linux allows. */
const LARGEST_HEADER = 1024 * 1024;
/**
 * How many bytes of a directory's archive are searched. The engine sends everything that precedes the link, and locks
 * the container meanwhile.
 */
const LARGEST_SEARCH = 256 * 1024 * 1024;
const LONGEST_NAME_BYTES = 255;

/**
 * The messages of engines (20.10 and later) that cannot follow a path to its end; they do not say whether the problem
 * is before or behind the link.
 */
const NO_WAY = /: (not a directory|too many levels of symbolic links)$|^evalSymlinksInScope: too many links in /;
const TOO_LONG = /: file name too long$/;

/** The verb of the port for symbolic links. */
export function linkVerbs(engine: EngineClient): Pick<DockerPort, 'readLink'> {
  return {
    async readLink(idOrName, path, options) {
      try {
        const stat = await statPath(engine, 'readLink', idOrName, path, options);
        // This target is where the link finally leads, so it only shows that `path` is a link.
        if (stat === null || stat.linkTarget === '') return null;
        return await readArchive(
          engine,
          { verb: 'readLink', deadlineMs: READ_MS, options },
          idOrName,
          path,
          async (archive) => {
            const found = await linkIn(archive, () => true, LARGEST_HEADER);
            if (found === null) throw new ShapeError('the archive of a link is empty');
            // The link may have become a directory meanwhile, so the rest of the archive is not read.
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
 * Finds a link that the engine cannot follow in the archive of its directory, which contains the link unchanged. For
 * the link's own path, both HEAD and GET follow the link first, and fail at a loop or at a path that leads through a
 * file.
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
  // `l/` and `l/.` refer to the target of a link, and no file has a name that is too long.
  if (name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > LONGEST_NAME_BYTES) return null;
  // The slash at the end is needed: without it, the archive of a link to a directory contains only the link, and a file
  // would count as a directory.
  const directory = path.slice(0, end) || '/';
  const call = { verb: 'readLink', deadlineMs: READ_MS, longLived: true, options } as const;
  const searched = await readArchive(engine, call, idOrName, directory, async (archive) => ({
    found: await linkIn(archive, (entry, root) => entry === `${root}/${name}`, LARGEST_SEARCH),
  })).catch((error: unknown) => {
    // The path leads through a file or a loop, so no directory contains it. A path that is too long for the engine may
    // exist.
    if (saysAny(error, NO_WAY)) return null;
    throw error;
  });
  if (searched === null) return null;
  if (searched.found !== null) return searched.found.target;
  // The link may come after the part that was read, or may be gone by now. That is unknown, but a link that leads
  // nowhere counts as absent.
  if (saysAny(failure, NO_WAY)) return null;
  throw failure;
}

function saysAny(error: unknown, ...words: readonly RegExp[]): error is EngineError {
  return (
    error instanceof EngineError && error.kind === 'server' && words.some((pattern) => pattern.test(error.message))
  );
}
