import type { Clock } from '../model/clock.js';
import { pathOf, type EngineClient } from './client.js';
import type { DockerPort } from './port.js';
import { directoryTar } from './tar.js';

const WRITE_MS = 60_000;

export function directoryVerbs(engine: EngineClient, clock: Clock): Pick<DockerPort, 'putDirectories'> {
  return {
    async putDirectories(idOrName, directory, names, options) {
      await engine.effect({
        verb: 'putDirectories',
        method: 'PUT',
        path: pathOf('containers', idOrName, 'archive'),
        query: { path: directory, noOverwriteDirNonDir: '1' },
        archive: await directoryTar(names, clock.now()),
        deadlineMs: WRITE_MS,
        options,
      });
    },
  };
}
