import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ContainerDefinition, ObservedContainer } from '../../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL } from '../../model/names.js';
import { createAnew, HELPER_CONTAINER } from '../keeper/helper-container.js';

/**
 * Where it is kept over restarts whether images, by their ids, bring a Nix store. When it is lost, each is looked at
 * once more.
 */
export interface ImageRecord {
  load(): readonly (readonly [string, boolean])[];
  save(rows: readonly (readonly [string, boolean])[]): void;
}

/** One name that looks like a store path is enough; `.links` may come before it, and the engine sends what is in it. */
const ENTRIES = 3;
const STORE_NAME = /^[0-9a-df-np-sv-z]{32}-/;

/**
 * Whether images, by their ids, bring a Nix store (F14). An id never means other content, so one look is enough for
 * good.
 */
export function createImages(docker: DockerPort, instance: string, record: ImageRecord) {
  const known = new Map(record.load());
  const looks = new Map<string, Promise<void>>();
  const prefix = `kalpana-nix-probe-${instance}-`;
  /** The last use of each probe, by the probe's name. */
  const probes = new Map<string, Promise<unknown>>();
  /** Ids of probes that were removed: a list may still show them. */
  const removed = new Set<string>();

  async function look(imageId: string, calls: CallOptions): Promise<void> {
    const brings = await withProbe(imageId, calls, async (probe) => {
      const names = await docker.pathEntries(probe, '/nix/store', ENTRIES, calls);
      return (names ?? []).some((name) => STORE_NAME.test(name));
    });
    known.set(imageId, brings);
    record.save([...known]);
  }

  /**
   * Makes a container of the image, which never runs, for as long as `use` takes. One at a time for each image: its
   * name is always the same, so that one left by a killed controller is found.
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
    /** Whether the image brings a Nix store; undefined when nobody has looked yet. */
    bringsStore: (imageId: string): boolean | undefined => known.get(imageId),
    /** Finds that out, unless it is known, with one probe however many ask. Throws an `EngineError`. */
    async look(imageId: string, calls: CallOptions): Promise<void> {
      if (known.has(imageId)) return;
      const under = looks.get(imageId) ?? look(imageId, calls).finally(() => looks.delete(imageId));
      looks.set(imageId, under);
      await under;
    },
    /** Removes probes that a killed controller of this instance left. Throws an `EngineError`. */
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
