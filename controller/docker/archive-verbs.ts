import { pipeline } from 'node:stream/promises';
import type { Clock } from '../model/clock.js';
import { pathOf, type Call, type EngineClient } from './engine-client.js';
import { EngineError, type DockerPort } from './port.js';
import { readArchive } from './read-archive.js';
import { statPath } from './stat-path.js';
import { directoryTar, firstNames, wholeTar } from './tar.js';

const WRITE_MS = 60_000;
/** How long a transfer may be silent, in ms; the data may be large. */
const STREAM_SILENCE_MS = 120_000;
/** An existing directory is never replaced by something that is not a directory, as in `docker cp`. */
const KEEP_DIRECTORIES = { noOverwriteDirNonDir: '1' };

/** The verbs of the port that read or write a container's files as a tar. */
export function archiveVerbs(
  engine: EngineClient,
  clock: Clock,
): Pick<DockerPort, 'pathEntries' | 'copyPath' | 'putDirectories'> {
  return {
    async pathEntries(idOrName, path, limit, options) {
      const call = { verb: 'pathEntries', deadlineMs: STREAM_SILENCE_MS, longLived: true, options } as const;
      return readArchive(engine, call, idOrName, path, (answer, scope) => firstNames(answer, limit, scope.touch));
    },

    async copyPath(from, to, options) {
      const call = { verb: 'copyPath', deadlineMs: STREAM_SILENCE_MS, options } as const;
      if (from.container === to.container)
        throw new EngineError(
          'rejected',
          'copyPath',
          'A copy within one container would wait for itself: the engine locks it for either side',
        );
      // The target is checked first. The engine refuses a request while its body is still being sent, and closes the
      // connection, so its error message may be lost.
      const target = await statPath(engine, 'copyPath', to.container, to.directory, options);
      if (target === null)
        throw new EngineError('not-found', 'copyPath', `There is no ${to.directory} in container ${to.container}`);
      await engine.call(readCall({ ...call, method: 'GET' }, from.container, from.path), async (answer, scope) => {
        const archive = wholeTar(scope.touch);
        await Promise.all([
          // Fails when the source fails, and then the request that forwards it fails too.
          pipeline(answer, archive),
          engine.effect({
            ...call,
            method: 'PUT',
            path: pathOf('containers', to.container, 'archive'),
            query: { path: to.directory, ...KEEP_DIRECTORIES },
            archive,
            longLived: true,
            within: scope,
          }),
        ]);
      });
    },

    async putDirectories(idOrName, directory, names, options) {
      let known = 0;
      // Directories that exist already are left out, because people may have made them, also as links. The tar would
      // change their owner to root, and the engine refuses to write a directory over a link.
      for (const name of names) {
        if ((await statPath(engine, 'putDirectories', idOrName, `${directory}/${name}`, options)) === null) break;
        known += 1;
      }
      if (known === names.length) return;
      await engine.effect({
        verb: 'putDirectories',
        method: 'PUT',
        path: pathOf('containers', idOrName, 'archive'),
        query: { path: directory, ...KEEP_DIRECTORIES },
        archive: await directoryTar(names.slice(known), clock.now()),
        deadlineMs: WRITE_MS,
        options,
      });
    },
  };
}

function readCall(call: Omit<Call, 'path'>, container: string, path: string): Call {
  return { ...call, path: pathOf('containers', container, 'archive'), query: { path }, longLived: true };
}
