import { describe, expect, it } from '@jest/globals';
import { seedDefinition } from '../../../controller/nix/keeper/keeper-definition.js';
import { planKeeper, type KeeperInput } from '../../../controller/plan/keeper.js';
import { renderOperation } from '../../../controller/plan/render.js';
import { keeperDefinition, keeperHash } from '../../../controller/nix/keeper/keeper-definition.js';
import type { ContainerState, ObservedContainer } from '../../../controller/model/engine-objects.js';
import { KEEPER_NETWORK, LABEL } from '../../../controller/model/names.js';
import { DEFAULT_CACHE_CONFIG } from '../../../controller/source/check/cache-defaults.js';

const cache = { name: 'default', location: null, config: DEFAULT_CACHE_CONFIG, problem: null };
const definition = keeperDefinition(cache, 'me');
const seed = seedDefinition(cache, 'abc');

function container(
  name: string,
  labels: Readonly<Record<string, string>>,
  state: ContainerState,
  exitCode = 0,
): ObservedContainer {
  const details = {
    startedAt: 1,
    finishedAt: 2,
    exitCode,
    oomKilled: false,
    error: '',
    restartCount: 0,
    limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
    restartPolicy: 'no',
  };
  return {
    id: `id-${name}`,
    name,
    image: definition.image,
    imageId: 'sha256:abc',
    labels,
    state,
    health: 'none',
    mounts: [],
    networks: [],
    ports: [],
    details,
  };
}

const main = (state: ContainerState) => container('kalpana-nix-keeper-default', definition.labels, state);
const seedIn = (state: ContainerState, exitCode?: number, labels = seed.labels) =>
  container('kalpana-nix-keeper-default.seed', labels, state, exitCode);

function plan(change: Partial<KeeperInput>, seeding: ObservedContainer | null) {
  const input: KeeperInput = {
    cache: 'default',
    instance: 'me',
    wanted: { definition, hash: keeperHash(cache.config), isImplicit: true },
    main: null,
    next: null,
    network: { id: 'net-1', name: KEEPER_NETWORK, labels: { [LABEL.managed]: 'true' } },
    volume: {
      name: 'kalpana-nix-store',
      driver: 'local',
      labels: { 'kalpana.managed': 'true', 'kalpana.shared': 'true', 'kalpana.type': 'nix-cache' },
    },
    users: [],
    imageAbsent: false,
    failed: null,
    nextProven: false,
    restartInMs: 0,
    seed: { name: 'kalpana-nix-keeper-default.seed', definition: seed, container: seeding },
    ...change,
  };
  const { operations, failure } = planKeeper(input);
  return [
    ...operations.map((operation) => renderOperation(operation).replace(/ {2}#.*/, '')),
    ...(failure === null ? [] : [failure.reason]),
  ];
}

const SEED = 'kalpana-nix-keeper-default.seed';
const SEEDING = [`create container ${SEED} from ${definition.image}`, `start ${SEED}`];

describe('a keeper that needs a seed', () => {
  it.each([
    [
      'is made first, and not started',
      {},
      null,
      [`create container kalpana-nix-keeper-default from ${definition.image}`],
    ],
    ['is seeded before its start', { main: main('created') }, null, SEEDING],
    ['after a kill in between, too', { main: main('exited') }, seedIn('created'), [`start ${SEED}`]],
    ['waits for the end of the seed', { main: main('exited') }, seedIn('running'), []],
    [
      'starts when it has ended well',
      { main: main('exited') },
      seedIn('exited'),
      [`remove container ${SEED}`, 'start kalpana-nix-keeper-default'],
    ],
    [
      'is left alone for a while when it has not',
      { main: main('exited'), restartInMs: 1_000 },
      seedIn('exited', 1),
      ['KeeperNotReady'],
    ],
    [
      'and is seeded again then',
      { main: main('exited') },
      seedIn('exited', 1),
      [`remove container ${SEED}`, ...SEEDING, 'KeeperNotReady'],
    ],
    [
      'is seeded anew with another image',
      { main: main('exited') },
      seedIn('exited', 0, {}),
      [`remove container ${SEED}`, ...SEEDING],
    ],
    [
      'is stopped when it ends again and again: its store may be gone',
      { main: main('restarting') },
      null,
      ['stop kalpana-nix-keeper-default'],
    ],
    ['runs on without one', { main: main('running') }, null, []],
  ] as const)('%s', (_what, change, seeding, expected) => {
    expect(plan(change, seeding)).toEqual(expected);
  });

  it('never runs one while a keeper is up (F18)', () => {
    const changed = { ...definition, image: 'other:1' };
    const wanted = { definition: changed, hash: 'keeper-v1:other', isImplicit: true };
    const lines = plan({ main: main('running'), wanted }, null);
    expect(lines).toEqual([
      'create container kalpana-nix-keeper-default.next from other:1',
      expect.stringMatching(/^stop kalpana-nix-keeper-default/),
    ]);
  });
});
