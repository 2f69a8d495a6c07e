import type { ContainerDefinition } from '../model/engine-objects.js';

/** What every container that helps for a moment has in common: it reaches nobody, and nobody restarts it. */
export const HELPER_CONTAINER = {
  ports: [],
  network: 'none',
  shmBytes: 0,
  limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
  restartPolicy: 'no',
  healthcheck: null,
} as const satisfies Partial<ContainerDefinition>;
