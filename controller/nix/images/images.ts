import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ContainerDefinition, ObservedContainer } from '../../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL } from '../../model/names.js';
import { createAnew, HELPER_CONTAINER } from '../keeper/helper-container.js';

/**
 * Keeps across restarts, by image id, whether an image contains a Nix store. When the record is lost, each image is
 * probed again.
 */
export interface ImageRecord {
  load(): readonly (readonly [string, boolean])[];
  save(rows: readonly (readonly [string, boolean])[]): void;
}

/**
 * One name that looks like a store path is enough. Few entries are read, because the engine sends their contents too;
 * more than one, because `.links` may come first. Where there are as many and none looks like one, others may follow:
 * that counts as a store, because a wrong no would run the image with its store hidden.
 */
const ENTRIES = 3;
const STORE_NAME = /^[0-9a-df-np-sv-z]{32}-/;

/**
 * Finds out and remembers, by image id, whether an image contains a Nix store (F14). The content behind an id never
 * changes, so each image is probed only once.
 */
export function createImages(docker: DockerPort, instance: string, record: ImageRecord) {
  const known = new Map(record.load());
  const looks = new Map<string, Promise<void>>();
  const prefix = `kalpana-nix-probe-${instance}-`;
  /** The last use of each probe, by the probe's name. */
  const probes = new Map<string, Promise<unknown>>();
  /** The ids of probes that were removed, because a list may still show them. */
  const removed = new Set<string>();

  async function look(imageId: string, calls: CallOptions): Promise<void> {
    const brings = await withProbe(imageId, calls, async (probe) => {
      const names = (await docker.pathEntries(probe, '/nix/store', ENTRIES, calls)) ?? [];
      return names.length >= ENTRIES || names.some((name) => STORE_NAME.test(name));
    });
    known.set(imageId, brings);
    record.save([...known]);
  }

  /**
   * Creates a container of the image, which never runs, and removes it when `use` has ended. There is one at a time for
   * each image, always with the same name, so that one left by a killed controller is found.
   */
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
    /** Whether the image contains a Nix store; undefined when that is not known yet. */
    bringsStore: (imageId: string): boolean | undefined => known.get(imageId),
    /**
     * Finds out whether the image contains a Nix store, unless that is known. Concurrent callers share one probe.
     * Throws an `EngineError`.
     */
    async look(imageId: string, calls: CallOptions): Promise<void> {
      if (known.has(imageId)) return;
      const under = looks.get(imageId) ?? look(imageId, calls).finally(() => looks.delete(imageId));
      looks.set(imageId, under);
      await under;
    },
    /** Removes probes that a killed controller of this instance left behind. Throws an `EngineError`. */
    async sweep(containers: Iterable<ObservedContainer>, calls: CallOptions): Promise<void> {
      for (const { id, name, labels } of containers) {
        // The name too: an image may carry any label, and passes it on to a workspace (trap engine-13).
        const isLeft =
          name.startsWith(prefix) &&
          labels[LABEL.type] === CONTAINER_TYPE.probe &&
          labels[LABEL.cacheOwner] === instance &&
          !probes.has(name) &&
          !removed.has(id);
        if (isLeft) await remove(id, calls);
      }
    },
  };
}

/**
 * The definition of a probe. It names a command so that a container can be created even from an image without one; the
 * container never runs.
 */
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
