import { EngineError, type CallOptions, type DockerPort } from '../docker/port.js';
import type { ContainerDefinition } from '../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL } from '../model/names.js';

/** Whether images bring a Nix store of their own. It can be lost: then each is looked at once more. */
export interface ImageRecord {
  load(): readonly (readonly [string, boolean])[];
  save(rows: readonly (readonly [string, boolean])[]): void;
}

/** One name that looks like a store path is enough; `.links` may come before it, and the engine sends what is in it. */
const ENTRIES = 3;
const STORE_NAME = /^[0-9a-df-np-sv-z]{32}-/;
const PROBE_LABELS = { [LABEL.managed]: 'true', [LABEL.type]: CONTAINER_TYPE.probe };

/** Images by id: what they bring (F14). An id never means another content, so one look is enough for good. */
export function createImages(docker: DockerPort, instance: string, record: ImageRecord) {
  const known = new Map(record.load());
  const looks = new Map<string, Promise<void>>();

  async function look(imageId: string, calls: CallOptions): Promise<void> {
    const brings = await withProbe(docker, instance, imageId, calls, async (probe) => {
      const names = await docker.pathEntries(probe, '/nix/store', ENTRIES, calls);
      return (names ?? []).some((name) => STORE_NAME.test(name));
    });
    known.set(imageId, brings);
    record.save([...known]);
  }

  return {
    /** Undefined: nobody has looked. */
    bringsStore: (imageId: string): boolean | undefined => known.get(imageId),
    /** Single flight an image. */
    async look(imageId: string, calls: CallOptions): Promise<void> {
      if (known.has(imageId)) return;
      const under = looks.get(imageId) ?? look(imageId, calls).finally(() => looks.delete(imageId));
      looks.set(imageId, under);
      await under;
    },
  };
}

/** A container of the image that never runs, for as long as `use` takes. One that a killed controller left goes with the next look at the image. */
export async function withProbe<T>(docker: DockerPort, instance: string, imageId: string, calls: CallOptions, use: (container: string) => Promise<T>): Promise<T> {
  const name = `kalpana-nix-probe-${instance}-${imageId.replace(/^sha256:/, '').slice(0, 16)}`;
  const definition: ContainerDefinition = {
    image: imageId,
    // An image without any command can be created all the same; it never runs.
    command: ['kalpana-probe'],
    hostname: 'probe',
    env: [],
    labels: PROBE_LABELS,
    mounts: [],
    ports: [],
    network: 'none',
    shmBytes: 0,
    limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    restartPolicy: 'no',
    healthcheck: null,
  };
  const create = () => docker.createContainer(name, definition, calls);
  let probe: string;
  try {
    probe = await create();
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'conflict')) throw error;
    // Left by a controller that was killed.
    await docker.removeContainer(name, true, calls);
    probe = await create();
  }
  try {
    return await use(probe);
  } finally {
    await docker.removeContainer(probe, true, calls);
  }
}
