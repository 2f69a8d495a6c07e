import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ContainerDefinition, ObservedContainer } from '../../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL } from '../../model/names.js';
import { createAnew, HELPER_CONTAINER } from '../keeper/helper-container.js';

/** Whether images bring a Nix store of their own. It can be lost: then each is looked at once more. */
export interface ImageRecord {
  load(): readonly (readonly [string, boolean])[];
  save(rows: readonly (readonly [string, boolean])[]): void;
}

/** One name that looks like a store path is enough; `.links` may come before it, and the engine sends what is in it. */
const ENTRIES = 3;
const STORE_NAME = /^[0-9a-df-np-sv-z]{32}-/;

/** Images by id: what they bring (F14). An id never means another content, so one look is enough for good. */
export function createImages(docker: DockerPort, instance: string, record: ImageRecord) {
  const known = new Map(record.load());
  const looks = new Map<string, Promise<void>>();
  const prefix = `kalpana-nix-probe-${instance}-`;
  /** Those in use by name, and ids of those that were removed: a list may still show them. */
  const probes = new Map<string, Promise<unknown>>();
  const removed = new Set<string>();

  async function look(imageId: string, calls: CallOptions): Promise<void> {
    const brings = await withProbe(imageId, calls, async (probe) => {
      const names = await docker.pathEntries(probe, '/nix/store', ENTRIES, calls);
      return (names ?? []).some((name) => STORE_NAME.test(name));
    });
    known.set(imageId, brings);
    record.save([...known]);
  }

  /** A container of the image that never runs, for as long as `use` takes; one an image at a time, for its name tells a lost one apart. */
  async function withProbe<T>(imageId: string, calls: CallOptions, use: (container: string) => Promise<T>): Promise<T> {
    const name = `${prefix}${imageId.replace(/^sha256:/, '').slice(0, 16)}`;
    const before = probes.get(name);
    const turn = (before ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => {
        const probe = await createAnew(docker, name, probeDefinition(imageId, instance), calls);
        try {
          return await use(probe);
        } finally {
          await remove(probe, calls);
        }
      });
    probes.set(name, turn);
    try {
      return await turn;
    } finally {
      if (probes.get(name) === turn) probes.delete(name);
    }
  }

  async function remove(id: string, calls: CallOptions): Promise<void> {
    await docker.removeContainer(id, true, calls);
    removed.add(id);
  }

  return {
    withProbe,
    /** Undefined: nobody has looked. */
    bringsStore: (imageId: string): boolean | undefined => known.get(imageId),
    /** Single flight an image. */
    async look(imageId: string, calls: CallOptions): Promise<void> {
      if (known.has(imageId)) return;
      const under = looks.get(imageId) ?? look(imageId, calls).finally(() => looks.delete(imageId));
      looks.set(imageId, under);
      await under;
    },
    /** Removes what a killed controller of this instance left. */
    async sweep(containers: Iterable<ObservedContainer>, calls: CallOptions): Promise<void> {
      for (const { id, name, labels } of containers) {
        const isLeft =
          labels[LABEL.type] === CONTAINER_TYPE.probe &&
          labels[LABEL.cacheOwner] === instance &&
          !probes.has(name) &&
          !removed.has(id);
        if (isLeft) await remove(id, calls);
      }
    },
  };
}

/** An image without any command can be made one all the same; it never runs. */
function probeDefinition(imageId: string, instance: string): ContainerDefinition {
  return {
    image: imageId,
    command: ['kalpana-probe'],
    hostname: 'probe',
    env: [],
    labels: { [LABEL.managed]: 'true', [LABEL.type]: CONTAINER_TYPE.probe, [LABEL.cacheOwner]: instance },
    mounts: [],
    ...HELPER_CONTAINER,
  };
}
