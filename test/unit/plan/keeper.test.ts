import { describe, expect, it } from '@jest/globals';
import { KEEPER_NETWORK, LABEL } from '../../../controller/model/names.js';
import { keeperHash } from '../../../controller/nix/keeper/keeper-definition.js';
import { planKeeper, type KeeperInput } from '../../../controller/plan/keeper.js';
import { renderOperation } from '../../../controller/plan/render.js';
import { cache, CONFIG, input, keeper, user, VOLUME } from '../nix/samples.js';

function textOf(given: KeeperInput): string[] {
  const plan = planKeeper(given);
  const verdict = plan.failure === null ? [] : [`= ${plan.failure.reason}: ${plan.failure.message}`];
  const usable = plan.usable === null ? [] : [`uses ${plan.usable.id}`];
  const proves = plan.toProve === null ? [] : [`proves ${plan.toProve.id}`];
  return [
    ...plan.operations.map((operation) => renderOperation(operation).replace(/ {2}# .*/, '')),
    ...verdict,
    ...usable,
    ...proves,
  ];
}

const wanted = cache();
const old = cache({ image: 'kalpana/nix-keeper:old' });
const next = (change = {}) => keeper(wanted, { id: 'id-next', name: 'kalpana-nix-keeper-team.next', ...change });
const onOwn = cache({ network: KEEPER_NETWORK });
const NETWORK = { id: 'net-1', name: KEEPER_NETWORK, labels: { [LABEL.managed]: 'true' } };
const stopped = (network: string) =>
  keeper(onOwn, { state: 'exited', networks: [{ name: KEEPER_NETWORK, id: network }] });
const RECONNECT = [
  'disconnect kalpana-nix-keeper-team from kalpana-keepers',
  'connect kalpana-nix-keeper-team to kalpana-keepers',
];
const failure = { reason: 'KeeperNotReady', message: 'no nix in it' } as const;
const CREATE = 'create container kalpana-nix-keeper-team from kalpana/nix-keeper:latest';
const CREATE_NEXT = 'create container kalpana-nix-keeper-team.next from kalpana/nix-keeper:latest';

const CASES: readonly [string, KeeperInput, string[]][] = [
  [
    'nothing is there',
    input(wanted, { volume: undefined }),
    ['create volume kalpana-nix-store-team', CREATE, 'start kalpana-nix-keeper-team'],
  ],
  [
    'the image is absent',
    input(wanted, { imageAbsent: true }),
    ['pull image kalpana/nix-keeper:latest', CREATE, 'start kalpana-nix-keeper-team'],
  ],
  ['as wanted', input(wanted, { main: keeper(wanted) }), ['uses id-main']],
  ['killed', input(wanted, { main: keeper(wanted, { state: 'exited' }) }), ['start kalpana-nix-keeper-team']],
  [
    'killed too often',
    input(wanted, { main: keeper(wanted, { state: 'exited' }), restartInMs: 4_000 }),
    ['= KeeperNotReady: the keeper kalpana-nix-keeper-team ends soon after its start'],
  ],
  [
    'restarted by the engine again and again',
    input(wanted, { main: keeper(wanted, { state: 'restarting' }) }),
    ['= KeeperNotReady: the keeper kalpana-nix-keeper-team ends again and again'],
  ],
  ['paused', input(wanted, { main: keeper(wanted, { state: 'paused' }) }), ['unpause kalpana-nix-keeper-team']],
  [
    'dead',
    input(wanted, { main: keeper(wanted, { state: 'dead' }) }),
    ['remove container kalpana-nix-keeper-team', CREATE, 'start kalpana-nix-keeper-team'],
  ],
  [
    'a next one is left over',
    input(wanted, { main: keeper(wanted), next: next() }),
    ['remove container kalpana-nix-keeper-team.next'],
  ],
  [
    'changed',
    input(wanted, { main: keeper(old) }),
    [CREATE_NEXT, 'stop kalpana-nix-keeper-team', 'start kalpana-nix-keeper-team.next'],
  ],
  [
    'changed, the old one is down',
    input(wanted, { main: keeper(old, { state: 'exited' }) }),
    ['remove container kalpana-nix-keeper-team', CREATE, 'start kalpana-nix-keeper-team'],
  ],
  [
    'changed, the next one is made',
    input(wanted, { main: keeper(old), next: next({ state: 'created' }) }),
    ['stop kalpana-nix-keeper-team', 'start kalpana-nix-keeper-team.next'],
  ],
  [
    'changed, the next one runs',
    input(wanted, { main: keeper(old, { state: 'exited' }), next: next() }),
    ['proves id-next'],
  ],
  [
    'changed, both run',
    input(wanted, { main: keeper(old), next: next() }),
    ['stop kalpana-nix-keeper-team', 'proves id-next'],
  ],
  [
    'changed, the next one answers',
    input(wanted, { main: keeper(old, { state: 'exited' }), next: next(), nextProven: true }),
    ['remove container kalpana-nix-keeper-team', 'rename kalpana-nix-keeper-team.next to kalpana-nix-keeper-team'],
  ],
  [
    'changed, killed before the rename',
    input(wanted, { next: next() }),
    ['rename kalpana-nix-keeper-team.next to kalpana-nix-keeper-team'],
  ],
  [
    'changed, the next one ended',
    input(wanted, { main: keeper(old, { state: 'exited' }), next: next({ state: 'restarting' }) }),
    ['= KeeperNotReady: the changed keeper of the cache team does not come up'],
  ],
  [
    'given up, the next one is still there',
    input(wanted, {
      main: keeper(old, { state: 'exited' }),
      next: next({ state: 'exited' }),
      failed: { hash: keeperHash(CONFIG), failure },
    }),
    ['remove container kalpana-nix-keeper-team.next', 'start kalpana-nix-keeper-team'],
  ],
  [
    'given up',
    input(wanted, { main: keeper(old), failed: { hash: keeperHash(CONFIG), failure } }),
    ['= KeeperNotReady: no nix in it', 'uses id-main'],
  ],
  [
    'given up, and the spec changed again',
    input(cache({ image: 'kalpana/nix-keeper:third' }), {
      main: keeper(old),
      failed: { hash: keeperHash(CONFIG), failure },
    }),
    [
      'create container kalpana-nix-keeper-team.next from kalpana/nix-keeper:third',
      'stop kalpana-nix-keeper-team',
      'start kalpana-nix-keeper-team.next',
    ],
  ],
  [
    'the next one is of yet another spec',
    input(wanted, {
      main: keeper(old, { state: 'exited' }),
      next: keeper(cache({ sandbox: true }), { id: 'id-next', name: 'kalpana-nix-keeper-team.next' }),
    }),
    ['remove container kalpana-nix-keeper-team.next', 'start kalpana-nix-keeper-team'],
  ],
  [
    "somebody else's container of that name",
    input(wanted, { main: keeper(wanted, { labels: {} }) }),
    ['= KeeperConflict: a container named kalpana-nix-keeper-team exists and is no keeper of ours'],
  ],
  [
    "somebody else's volume",
    input(wanted, { volume: { ...VOLUME, labels: {} } }),
    [
      '= VolumeConflict: the volume kalpana-nix-store-team exists and is not a volume of type nix-cache (kalpana.type) of ours',
    ],
  ],
  [
    'a volume of another driver',
    input(wanted, { volume: { ...VOLUME, driver: 'nfs' } }),
    [
      '= VolumeConflict: the volume kalpana-nix-store-team exists and is not a volume of type nix-cache (kalpana.type) of ours',
    ],
  ],
  [
    "made from another instance's file",
    input(wanted, { main: keeper(old, { labels: { ...keeper(old).labels, [LABEL.cacheOwner]: 'other' } }) }),
    [
      '= KeeperConflict: the keeper kalpana-nix-keeper-team was made from the NixCache of the controller instance "other"',
      'uses id-main',
    ],
  ],
  [
    "made from another instance's file, and we have none",
    input(cache({}, { implicit: true }), {
      main: keeper(old, { labels: { ...keeper(old).labels, [LABEL.cacheOwner]: 'other' } }),
    }),
    ['uses id-main'],
  ],
  [
    'the replaced system runs on its bare store',
    input(wanted, { users: [user('workspace-bob', '/nix/store')] }),
    [
      '= CacheMigrating: the volume kalpana-nix-store-team holds the bare store of the replaced system, which still serves workspace-bob',
    ],
  ],
  [
    "the replaced system's container is only there",
    input(wanted, {
      users: [user('workspace-bob', '/nix/store', { state: 'exited' })],
      main: keeper(wanted, { state: 'exited' }),
    }),
    [
      '= CacheMigrating: the volume kalpana-nix-store-team holds the bare store of the replaced system, which still serves workspace-bob',
    ],
  ],
  [
    'on the network of keepers, which is not there',
    input(onOwn, {}),
    ['create network kalpana-keepers', CREATE, 'start kalpana-nix-keeper-team'],
  ],
  [
    'on the network of keepers, which is there',
    input(onOwn, { network: NETWORK }),
    [CREATE, 'start kalpana-nix-keeper-team'],
  ],
  [
    "on the network of keepers, which is somebody else's",
    input(onOwn, { network: { ...NETWORK, labels: {} } }),
    ['= NetworkConflict: a network named kalpana-keepers exists and does not carry our labels'],
  ],
  ['on the network of keepers, as wanted', input(onOwn, { main: keeper(onOwn) }), ['uses id-main']],
  [
    'moved to the network of keepers',
    input(onOwn, { main: keeper(wanted) }),
    [
      'create network kalpana-keepers',
      CREATE_NEXT,
      'stop kalpana-nix-keeper-team',
      'start kalpana-nix-keeper-team.next',
    ],
  ],
  [
    'killed, and the network was removed',
    input(onOwn, { main: stopped('net-1') }),
    ['create network kalpana-keepers', ...RECONNECT, 'start kalpana-nix-keeper-team'],
  ],
  [
    'killed, and the network was made anew',
    input(onOwn, { main: stopped('net-0'), network: NETWORK }),
    [...RECONNECT, 'start kalpana-nix-keeper-team'],
  ],
  [
    'killed, and the network is the same',
    input(onOwn, { main: stopped('net-1'), network: NETWORK }),
    ['start kalpana-nix-keeper-team'],
  ],
  [
    'never started on the network of keepers',
    input(onOwn, { main: stopped(''), network: NETWORK }),
    ['start kalpana-nix-keeper-team'],
  ],
  ['nobody wants it', input(null, { main: keeper(wanted) }), ['remove container kalpana-nix-keeper-team']],
  [
    'nobody wants it, while it is being replaced',
    input(null, { main: keeper(old), next: next({ state: 'created' }) }),
    ['remove container kalpana-nix-keeper-team', 'remove container kalpana-nix-keeper-team.next'],
  ],
  [
    'nobody wants it, and the controller was killed between these two',
    input(null, { next: next({ state: 'created' }) }),
    ['remove container kalpana-nix-keeper-team.next'],
  ],
  [
    "nobody wants it, and what is left is another instance's",
    input(null, { instance: 'other', next: next({ state: 'created' }) }),
    [],
  ],
  [
    'nobody wants it, but its volume is mounted',
    input(null, { main: keeper(wanted), users: [user('workspace-bob')] }),
    ['uses id-main'],
  ],
  [
    'nobody wants it, and it was made from the defaults',
    input(null, { main: keeper(cache({}, { implicit: true })) }),
    ['uses id-main'],
  ],
];

describe('the plan of a keeper', () => {
  it.each(CASES)('%s', (_what, given, expected) => {
    expect(textOf(given)).toEqual(expected);
  });

  it('never has two keepers run at once on one volume (F18)', () => {
    for (const [what, given] of CASES) {
      const running = new Set([given.main, given.next].flatMap((one) => (one?.state === 'running' ? [one.name] : [])));
      const before = running.size;
      for (const operation of planKeeper(given).operations) {
        if (operation.type === 'start-container') running.add(operation.container.name);
        if (operation.type === 'stop-container' || operation.type === 'remove-container')
          running.delete(operation.container.name);
        expect([what, running.size <= Math.max(1, before)]).toEqual([what, true]);
      }
    }
  });

  it('removes no volume, whatever the situation', () => {
    for (const [, given] of CASES)
      expect(planKeeper(given).operations.map(({ type }) => type)).not.toContain('remove-volume');
  });
});
