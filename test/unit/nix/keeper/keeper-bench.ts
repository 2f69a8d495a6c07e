import { expect } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { DesiredCache } from '../../../../controller/model/desired.js';
import type { ObservedContainer, ObservedVolume } from '../../../../controller/model/engine-objects.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import { newKeeperState, type KeeperDependencies } from '../../../../controller/nix/keeper/keeper-state.js';
import { reconcileKeeper } from '../../../../controller/nix/keeper/reconcile-keeper.js';
import { renderOperation } from '../../../../controller/plan/render.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { execBy, portOf } from '../fake-port.js';
import { cache, keeper as keeperOf, VOLUME } from '../samples.js';

export const MAIN = 'kalpana-nix-keeper-team';
export const NEXT = `${MAIN}.next`;
const UP = { lines: ['kalpana: version 2.26.3'] };
export const wanted = cache();
export const old = cache({ image: 'kalpana/nix-keeper:old' });

/** The container `name`, made from `desired`, of a start at `startedAt`. */
export function container(
  desired: DesiredCache,
  { name = MAIN, startedAt = 1, ...change }: Partial<ObservedContainer> & { readonly startedAt?: number } = {},
): ObservedContainer {
  const details = {
    startedAt,
    finishedAt: null,
    exitCode: 0,
    oomKilled: false,
    error: '',
    restartCount: 0,
    limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    restartPolicy: 'unless-stopped',
  };
  return keeperOf(desired, { id: `id-${name}`, name, details, ...change });
}

/** A keeper on an engine whose containers the test puts there, and whose operations it looks at. */
export function createBench() {
  const clock = createManualClock();
  const containers = new Map<string, ObservedContainer>();
  const operations: string[] = [];
  const news: string[] = [];
  const bench = {
    /** Inventories by the container's id: lines and exit code, or what the engine throws. */
    answers: new Map<string, { readonly lines?: readonly string[]; readonly exitCode?: number } | EngineError>(),
    failure: null as Failure | null,
    said: '',
    asked: [] as string[],
    imageId: null as string | null,
    lookedInto: 0,
    onStop: (async () => undefined) as (id: string, graceSeconds: number) => Promise<void>,
    onPut: (async () => undefined) as (id: string, directory: string, names: readonly string[]) => Promise<void>,
  };
  const docker = portOf({
    inspectContainer: async (name) => containers.get(name) ?? null,
    listContainers: async () => [...containers.values()],
    tailContainer: async () => bench.said,
    stopContainer: (id, graceSeconds) => bench.onStop(id, graceSeconds),
    putDirectories: (id, directory, names) => bench.onPut(id, directory, names),
    async exec(id, request, options) {
      bench.asked.push(id);
      const answer = bench.answers.get(id) ?? UP;
      if (answer instanceof EngineError) throw answer;
      return execBy(() => answer).exec(id, request, options);
    },
  });
  const volumes = new Map<string, ObservedVolume>([[VOLUME.name, VOLUME]]);
  const deps: KeeperDependencies = {
    cache: 'team',
    docker,
    clock,
    instance: 'default',
    view: { volumes },
    async execute(_key, planned) {
      operations.push(...planned.map((operation) => renderOperation(operation).replace(/ {2}# .*/, '')));
      return { failure: bench.failure };
    },
    async imageWithStore() {
      bench.lookedInto += 1;
      return bench.imageId;
    },
    onUp: ({ keeperId }, { nixVersion }) => void news.push(`up ${keeperId} ${nixVersion}`),
    onDown: () => void news.push('down'),
  };
  const state = newKeeperState(clock);
  const context = { deps, state };
  return Object.assign(bench, {
    clock,
    containers,
    volumes,
    deps,
    state,
    context,
    put: (...given: readonly ObservedContainer[]) => given.forEach((one) => containers.set(one.name, one)),
    look: (desired: DesiredCache | null = wanted) => reconcileKeeper(context, desired, {}),
    /** The operations since the last call. */
    done: () => operations.splice(0),
    /** What the cache was told since the last call. */
    told: () => news.splice(0),
  });
}

/** A bench whose keeper has answered. */
export async function createServing(desired: DesiredCache = wanted) {
  const bench = createBench();
  bench.put(container(desired));
  await bench.look(desired);
  expect(bench.told()).toEqual([`up id-${MAIN} 2.26.3`]);
  return bench;
}

export const CREATE = [`create container ${MAIN} from kalpana/nix-keeper:latest`, `start ${MAIN}`];
export const PULL = 'pull image kalpana/nix-keeper:latest';
