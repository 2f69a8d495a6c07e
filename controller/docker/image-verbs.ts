import type { ObservedImage } from '../model/engine-objects.js';
import { absentIsNull } from './already-so.js';
import type { EngineClient } from './engine-client.js';
import { imageName } from './image-name.js';
import { EngineError, type DockerPort } from './port.js';
import { createPullReader } from './pull-reader.js';
import { registryAuth } from './registry-auth.js';
import { asArrayOrNull, asName, asObject, asText } from './shapes.js';
import type { Clock } from '../model/clock.js';

const READ_MS = 30_000;
const PULL_SILENCE_MS = 120_000;

export interface ImageOptions {
  readonly clock: Clock;
  /** The directory of the `config.json` with credentials for registries; null for anonymous pulls. */
  readonly dockerConfigDir: string | null;
}

/** The verbs of the port for images. */
export function imageVerbs(
  engine: EngineClient,
  { clock, dockerConfigDir }: ImageOptions,
): Pick<DockerPort, 'inspectImage' | 'pullImage'> {
  return {
    inspectImage(reference, options) {
      const path = `/images/${reference.split('/').map(encodeURIComponent).join('/')}/json`;
      return absentIsNull(
        engine.json({ verb: 'inspectImage', method: 'GET', path, deadlineMs: READ_MS, options }, imageFrom),
      );
    },

    async pullImage(reference, onProgress, options) {
      const { name, tag, registry } = imageName(reference);
      const auth = dockerConfigDir === null ? null : await registryAuth(dockerConfigDir, registry);
      const call = {
        verb: 'pullImage',
        method: 'POST',
        path: '/images/create',
        query: { fromImage: name, tag },
        ...(auth === null ? {} : { headers: { 'X-Registry-Auth': auth.reveal() } }),
        longLived: true,
        deadlineMs: PULL_SILENCE_MS,
        options,
      } as const;
      try {
        await engine.call(call, async (answer, scope) => {
          const reader = createPullReader(reference, clock, onProgress);
          for await (const chunk of answer as AsyncIterable<Buffer>) {
            scope.touch();
            reader.push(chunk);
          }
          reader.end();
        });
      } catch (error) {
        throw asPullFailure(error);
      }
    },
  };
}

function imageFrom(value: unknown): ObservedImage {
  const image = asObject(value, 'the image');
  // Docker Desktop and newer engines omit fields that an image does not configure.
  const env = asArrayOrNull(asObject(image['Config'] ?? {}, 'Config')['Env'], 'Config.Env').map((entry) =>
    asText(entry, 'an entry of Config.Env'),
  );
  const path = env.findLast((entry) => entry.startsWith('PATH='));
  return { id: asName(image['Id'], "the image's Id"), path: path === undefined ? null : path.slice('PATH='.length) };
}

/**
 * The statuses that report an answer of the registry, or why it cannot be reached; 400 is about the reference itself.
 */
const REGISTRY_STATUSES: readonly (number | null)[] = [401, 403, 404, 500];

function asPullFailure(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.kind === 'malformed' || !REGISTRY_STATUSES.includes(error.status))
    return error;
  return new EngineError('pull-failed', error.verb, error.message, error.status, { cause: error });
}
