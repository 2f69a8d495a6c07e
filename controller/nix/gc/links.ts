import { posix } from 'node:path';
import { EngineError, type CallOptions, type DockerPort } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import type { FoundLink } from './plan-roots.js';
import { storePathIn, type KnownLink } from './root-inventory.js';

/** A container in any state whose files are looked at, and whose workspace that is. */
export interface LinkSource {
  readonly owner: string;
  readonly containerId: string;
  readonly containerName: string;
}

/** As Linux follows a chain of links. */
const LONGEST_CHAIN = 40;
const AT_ONCE = 8;
/** For one link: each name before a `..` is a look, and there may be thousands in a target. */
const MOST_LOOKS = 400;

/**
 * Looks for each known link's file in each container, through the engine alone: running or not, with a shell or without
 * (F6). Nix knows only names: one name stands for the files of all that have one. A container that is gone shows none.
 * Throws a `FailureError` that names the container when the engine cannot tell.
 */
export async function findLinks(
  docker: DockerPort,
  sources: readonly LinkSource[],
  links: readonly KnownLink[],
  options: CallOptions,
): Promise<FoundLink[]> {
  const found: FoundLink[] = [];
  const looks = sources.flatMap((source) => links.map((link) => ({ source, link })));
  let next = 0;
  const work = async () => {
    for (let look = looks[next++]; look !== undefined; look = looks[next++]) {
      const { source, link } = look;
      const path = await resolve(docker, source, link.file, options);
      if (path !== null) found.push({ owner: source.owner, name: link.name, file: link.file, path });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function resolve(
  docker: DockerPort,
  source: LinkSource,
  file: string,
  options: CallOptions,
): Promise<string | null> {
  let looks = 0;
  const look = async (path: string) => ((looks += 1) > MOST_LOOKS ? null : readLink(docker, source, path, options));

  /** The engine follows links on the way to a name; only `..` has to know where it is, as the kernel does. */
  async function goOn(from: string, target: string): Promise<string> {
    let path = from;
    for (const name of target.split('/'))
      path = name === '..' ? posix.dirname(await directory(path)) : posix.join(path, name);
    return path;
  }

  async function directory(path: string): Promise<string> {
    if (path === '/') return path;
    const here = posix.join(await directory(posix.dirname(path)), posix.basename(path));
    const target = await look(here);
    return target === null ? here : directory(await goOn(startOf(here, target), target));
  }

  let path = file;
  for (let hop = 0; hop < LONGEST_CHAIN; hop += 1) {
    const target = await look(path);
    if (target === null) return null;
    path = await goOn(startOf(path, target), target);
    const stored = storePathIn(path);
    if (stored !== null) return stored;
  }
  return null;
}

function startOf(link: string, target: string): string {
  return target.startsWith('/') ? '/' : posix.dirname(link);
}

async function readLink(
  docker: DockerPort,
  { containerId, containerName }: LinkSource,
  path: string,
  options: CallOptions,
): Promise<string | null> {
  try {
    return await docker.readLink(containerId, path, options);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'not-found') return null;
    if (error.kind === 'aborted' || error.kind === 'unreachable') throw error;
    throw new FailureError(
      {
        reason: 'LinkUnreadable',
        message: `${posix.basename(path)} in the container ${containerName} cannot be read: ${error.message}`,
      },
      { cause: error },
    );
  }
}
