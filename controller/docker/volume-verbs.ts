import type { ObservedVolume } from '../model/engine-objects.js';
import { absentIsSuccess } from './already-so.js';
import { pathOf, type EngineClient } from './engine-client.js';
import type { DockerPort } from './port.js';
import { asArrayOrNull, asName, asObject, asText, asTextMap, ShapeError } from './shapes.js';

const READ_MS = 30_000;
const WRITE_MS = 60_000;

/** The verbs of the port for volumes. */
export function volumeVerbs(engine: EngineClient): Pick<DockerPort, 'listVolumes' | 'createVolume' | 'removeVolume'> {
  return {
    listVolumes: (options) =>
      engine.json({ verb: 'listVolumes', method: 'GET', path: '/volumes', deadlineMs: READ_MS, options }, volumesFrom),

    async createVolume(name, labels, options) {
      await engine.effect({
        verb: 'createVolume',
        method: 'POST',
        path: '/volumes/create',
        body: { Name: name, Labels: labels },
        deadlineMs: WRITE_MS,
        options,
      });
      return engine.json(
        { verb: 'createVolume', method: 'GET', path: pathOf('volumes', name), deadlineMs: READ_MS, options },
        volumeFrom,
      );
    },

    removeVolume: (name, options) =>
      absentIsSuccess(
        engine.effect({
          verb: 'removeVolume',
          method: 'DELETE',
          path: pathOf('volumes', name),
          deadlineMs: WRITE_MS,
          options,
        }),
      ),
  };
}

function volumesFrom(value: unknown): ObservedVolume[] {
  const answer = asObject(value, 'the list of volumes');
  // A warning means that a volume plugin did not answer: its volumes are missing from the list, but not absent (law 2).
  const warnings = asArrayOrNull(answer['Warnings'], 'Warnings');
  if (warnings.length > 0)
    throw new ShapeError(`the list of volumes is not whole: ${asText(warnings[0], 'a warning')}`);
  if (!('Volumes' in answer)) throw new ShapeError('the list of volumes is missing');
  return asArrayOrNull(answer['Volumes'], 'Volumes').map(volumeFrom);
}

function volumeFrom(value: unknown): ObservedVolume {
  const volume = asObject(value, 'a volume');
  return {
    name: asName(volume['Name'], "a volume's Name"),
    driver: asText(volume['Driver'], "a volume's Driver"),
    labels: asTextMap(volume['Labels'], 'Labels'),
  };
}
