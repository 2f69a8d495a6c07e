import { LABEL, containerName, dataVolumeName, nextContainerName } from '../../../controller/model/names.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import type { Fault } from '../engine/fake-engine.js';
import { createRandom } from './random.js';
import type { Simulation } from './controller.js';

export const NAMES = ['alice', 'bob', 'carol'] as const;
export const GOOD_IMAGES = ['app:1', 'app:2', 'stubborn:1'] as const;
export const BAD_IMAGES = ['crash:1', 'nostart:1', 'sick:1', 'absent:1'] as const;

/** What people do by hand to one workspace's objects. */
export const HAND_WORK = [
  'kill',
  'exit',
  'stop',
  'start',
  'pause',
  'rename',
  'rename-to-next',
  'rename-to-neighbour',
  'remove',
  'remove-next',
  'stop-next',
  'start-main',
  'disconnect',
  'update',
  'remove-volume',
  'remove-cache',
  'renew-network',
  'foreign-container',
  'foreign-next',
  'foreign-volume',
  'remove-foreign',
] as const;

/** One thing that happens. */
export type Happening =
  | { readonly kind: 'spec'; readonly name: string; readonly spec: WorkspaceSpec }
  | { readonly kind: 'unspec'; readonly name: string }
  | { readonly kind: 'hand'; readonly name: string; readonly work: (typeof HAND_WORK)[number] }
  | { readonly kind: 'engine'; readonly what: 'away' | 'shutdown' | 'back' | 'cut-events' }
  | { readonly kind: 'source'; readonly readable: boolean }
  | { readonly kind: 'crash' }
  | { readonly kind: 'approve' }
  /** From now on each call fails in this way with this probability. */
  | { readonly kind: 'faults'; readonly fault: Fault; readonly percent: number }
  | { readonly kind: 'wait'; readonly ms: number };

export function happen(sim: Simulation, happening: Happening, random: () => number): Promise<void> | void {
  switch (happening.kind) {
    case 'spec':
      return sim.specs.set(happening.name, happening.spec);
    case 'unspec':
      return sim.specs.remove(happening.name);
    case 'hand':
      return byHand(sim, happening.name, happening.work);
    case 'engine':
      return onEngine(sim, happening.what);
    case 'source':
      return sim.specs.setReadable(happening.readable);
    case 'crash':
      return sim.crash();
    case 'approve':
      return void sim.controller().approve(null);
    case 'faults':
      return sim.setFault(() => (random() * 100 < happening.percent ? happening.fault : 'none'));
    case 'wait':
      return sim.clock.run(happening.ms);
  }
}

export async function play(sim: Simulation, history: readonly Happening[], seed: number): Promise<void> {
  const random = createRandom(seed);
  for (const happening of history) await happen(sim, happening, random);
}

/** Everything works again from here on. */
export function mend(sim: Simulation): void {
  sim.setFault(() => 'none');
  sim.engine.comeBack();
  sim.specs.setReadable(true);
}

function onEngine({ engine }: Simulation, what: Extract<Happening, { kind: 'engine' }>['what']): void {
  if (what === 'away') engine.goAway();
  else if (what === 'shutdown') engine.shutDown();
  else if (what === 'back') engine.comeBack();
  else engine.cutEvents();
}

function neighbourOf(name: string): string {
  return NAMES[(NAMES.findIndex((one) => one === name) + 1) % NAMES.length] ?? name;
}

function byHand({ engine }: Simulation, workspace: string, work: (typeof HAND_WORK)[number]): void {
  const { hands, state } = engine;
  const main = containerName(workspace);
  const next = nextContainerName(workspace);
  switch (work) {
    case 'kill':
    case 'stop':
    case 'start':
    case 'pause':
    case 'remove':
    case 'disconnect':
      return hands[work](main);
    case 'exit':
      return hands.exit(main, 0);
    case 'rename':
      return hands.rename(main, `mine-${workspace}`);
    case 'rename-to-next':
      return hands.rename(main, next);
    case 'rename-to-neighbour':
      return hands.rename(main, containerName(neighbourOf(workspace)));
    case 'remove-next':
      return hands.remove(next);
    case 'stop-next':
      return hands.stop(next);
    case 'start-main':
      return hands.start(main);
    case 'update':
      return hands.update(main, { nanoCpus: 0, memoryBytes: 64e6, pids: 7 }, 'always');
    case 'remove-volume':
      return hands.removeVolume(dataVolumeName(workspace));
    case 'remove-cache':
      return hands.removeVolume('kalpana-nix-store');
    case 'renew-network':
      return hands.renewNetwork();
    case 'foreign-container':
    case 'foreign-next':
      return hands.run(work === 'foreign-next' ? next : main, FOREIGN);
    case 'foreign-volume':
      return hands.createVolume(dataVolumeName(workspace), { owner: 'somebody' });
    case 'remove-foreign':
      for (const { id, definition } of [...state.containers.values()])
        if (definition.labels[LABEL.managed] === undefined) hands.remove(id);
      if (state.volumes.get(dataVolumeName(workspace))?.labels[LABEL.managed] === undefined)
        hands.removeVolume(dataVolumeName(workspace));
  }
}

const FOREIGN = {
  image: 'theirs:1',
  command: null,
  hostname: 'theirs',
  env: [],
  labels: { owner: 'somebody' },
  mounts: [],
  ports: [],
  network: 'bridge',
  shmBytes: 0,
  limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
  restartPolicy: 'no',
  healthcheck: null,
} as const;
