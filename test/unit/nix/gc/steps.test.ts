import { describe, expect, it } from '@jest/globals';
import type { DockerPort } from '../../../../controller/docker/port.js';
import { CONTAINER_TYPE, LABEL } from '../../../../controller/model/names.js';
import { FailureError } from '../../../../controller/model/reasons.js';
import { closeGate, openGate } from '../../../../controller/nix/gc/gate.js';
import type { Generation, KnownLink } from '../../../../controller/nix/gc/root-inventory.js';
import { findingsOf } from '../../../../controller/nix/gc/run-state.js';
import { collecting, expiring } from '../../../../controller/nix/gc/step-collecting.js';
import { ending, mending, verifying } from '../../../../controller/nix/gc/step-ending.js';
import { freezing, scanning } from '../../../../controller/nix/gc/step-freezing.js';
import { listing, restoring } from '../../../../controller/nix/gc/step-listing.js';
import { linking, preparing } from '../../../../controller/nix/gc/step-preparing.js';
import { EMPTY_INVENTORY, fakeRun, HOUR, NOTHING_COLLECTED, storePath, user } from '../../../support/gc/fake-run.js';

const generation = (profile: string, number: number, madeAt = EMPTY_INVENTORY.now): Generation => ({
  profile,
  number,
  path: storePath(`${profile}-${number}`),
  madeAt,
});
const link = (name: string): KnownLink => ({ name, file: `/workspace/${name}`, madeAt: '1' });
const failure = (reason: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ failure: { reason, message } });
const workspace = (name: string, realise: () => void = () => undefined) => ({
  name,
  hasPackages: true,
  storageMountPath: '/workspace',
  realise,
});

describe('listing', () => {
  it('forgets profiles that the volume has lost, and those that lead to nothing', async () => {
    const inventory = {
      ...EMPTY_INVENTORY,
      generations: [generation('alice', 2), generation('alice', 1), generation('bob', 1)],
      profiles: new Map([
        ['alice', 2],
        ['bob', 1],
      ]),
      invalid: new Set([storePath('alice-1'), storePath('bob-1')]),
    };
    const { run, done } = fakeRun({
      known: new Set(['alice', 'carol']),
      commands: { inventory: async () => inventory },
      deps: { listUsers: async () => [user('alice')] },
    });
    await listing(run, {});
    expect(done).toEqual(['drop carol,bob', `forget ${storePath('alice-1')},${storePath('bob-1')}`]);
    expect(findingsOf(run)).toMatchObject({ owners: ['alice'], kept: ['alice', 'bob'] });
  });

  it('refuses while another controller collects', async () => {
    const labels = { [LABEL.type]: CONTAINER_TYPE.scanner, [LABEL.cacheOwner]: 'other' };
    const inspectContainer = async () => ({ name: 'scanner', state: 'running', labels });
    const { run } = fakeRun({ docker: { inspectContainer } as unknown as Partial<DockerPort> });
    await expect(listing(run, {})).rejects.toEqual(failure('GcBusy', expect.stringContaining('"other"')));
    expect(run.inventory).toBeNull();
  });
});

describe('restoring', () => {
  it('asks for the packages of those that are there, and reads the roots again', async () => {
    const known = new Set<string>();
    const asked: string[] = [];
    const realise = (name: string) => () => {
      asked.push(name);
      known.add(name);
    };
    const workspaces = () => ['alice', 'bob'].map((name) => workspace(name, realise(name)));
    const { run } = fakeRun({ known, deps: { workspaces } });
    run.users = [user('alice')];
    await restoring(run, {});
    expect(asked).toEqual(['alice']);
    expect(run.inventory).toBe(EMPTY_INVENTORY);
  });

  it('gives up when they do not come back', async () => {
    const { run } = fakeRun({ deps: { workspaces: () => [workspace('alice')] } });
    run.users = [user('alice')];
    await expect(restoring(run, {})).rejects.toEqual(
      failure('EnvironmentMissing', expect.stringContaining('workspace alice')),
    );
  });
});

describe('linking and preparing', () => {
  it('makes roots of the links that are found', async () => {
    const { run, changes } = fakeRun({ links: { '/workspace/result': storePath('out') } });
    run.users = [user('alice')];
    run.inventory = { ...EMPTY_INVENTORY, links: [link('result'), link('gone')] };
    await linking(run, {});
    const pin = [{ owner: 'alice', name: 'result', file: '/workspace/result', path: storePath('out') }];
    expect(changes).toEqual([{ pin }]);
  });

  it.each([
    ['nothing without a bound', null, 0, 0],
    ['nothing under the bound', 1_000, 500, 0],
    ['the longest unused over the bound', 1_000, 900, 1],
  ])('chooses %s', async (_what, maxBytes, base, chosen) => {
    const old = generation('alice', 1, EMPTY_INVENTORY.now - HOUR / 2);
    const { run } = fakeRun({
      commands: { pressure: async () => ({ base, own: new Map([[old.path, new Map([[old.path, 200]])]]) }) },
      deps: { named: () => new Set(['alice']) },
    });
    Object.assign(run.deps.config, { maxBytes });
    run.inventory = {
      ...EMPTY_INVENTORY,
      generations: [old, generation('alice', 2, EMPTY_INVENTORY.now - HOUR / 4)],
      profiles: new Map([['alice', 2]]),
    };
    await preparing(run, {});
    expect(run.scanner).not.toBeNull();
    expect([...run.pressed]).toEqual([old].slice(0, chosen));
  });
});

describe('the gate', () => {
  it('waits for realisations, holds new ones back, and opens once', async () => {
    let rounds = 0;
    const { run, clock, done } = fakeRun({ isFlying: () => (rounds += 1) < 3 });
    await closeGate(run, {});
    clock.advance(5_000);
    openGate(run);
    openGate(run);
    expect(done).toEqual(['hold', 'hold imports', 'let imports go', 'let go']);
    expect(findingsOf(run).heldSeconds).toBe(5);
  });

  it('names what does not end, and is closed until it is opened', async () => {
    const { run } = fakeRun({ isFlying: () => true });
    await expect(closeGate(run, {})).rejects.toEqual(
      failure('GcBusy', 'packages are still being realised: alice: hello'),
    );
    expect(run.heldAt).not.toBeNull();
  });

  it('ends its wait with the signal', async () => {
    const { run } = fakeRun({ isFlying: () => true });
    await expect(closeGate(run, { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');
  });
});

describe('freezing', () => {
  it('looks for links that came meanwhile, and for containers that did', async () => {
    const links = { '/workspace/new': storePath('new'), '/workspace/old': storePath('old') };
    const { run } = fakeRun({
      links,
      deps: { listUsers: async () => [user('alice'), user('bob')] },
      commands: {
        collect: async ({ onFrozen }) => {
          onFrozen([link('old'), link('new')], 7);
          return NOTHING_COLLECTED;
        },
      },
    });
    run.users = [user('alice')];
    run.inventory = { ...EMPTY_INVENTORY, links: [link('old')] };
    await freezing(run, {});
    expect(run.look.found.map(({ owner, name }) => `${owner} ${name}`).sort()).toEqual([
      'alice new',
      'bob new',
      'bob old',
    ]);
    expect(run.collector).toBe(7);
    expect(run.users).toHaveLength(2);
    expect(run.collecting).not.toBeNull();
  });

  it.each([
    ["another's collection as not its own", 'GcBusy', true],
    ['a failed one as its own', 'KeeperNotReady', false],
  ] as const)('takes %s', async (_what, reason, isForeign) => {
    const collect = async () => Promise.reject(new FailureError({ reason, message: 'no' }));
    const { run } = fakeRun({ commands: { collect } });
    run.inventory = EMPTY_INVENTORY;
    await expect(freezing(run, {})).rejects.toEqual(failure(reason, 'no'));
    expect(run.collecting === null).toBe(isForeign);
    await run.collecting?.catch(() => undefined);
  });

  it('tells what is being deleted by its name', async () => {
    const { run, done, request } = fakeRun();
    run.inventory = EMPTY_INVENTORY;
    await freezing(run, {});
    request().onDeleting(storePath('hello'), 3);
    expect(done).toEqual(['progress deleting hello (3)']);
  });
});

describe('scanning', () => {
  const scanner = {
    scan: async () => ({ paths: [storePath('used')], unreadable: [], unseen: [] }),
    remove: async () => undefined,
  };

  it.each([
    ['plans', false, []],
    ['gives a dry run the word to go on', true, [{ pin: [], run: [storePath('used')], go: 7 }]],
  ])('%s', async (_what, dryRun, changed) => {
    const { run, changes } = fakeRun({ dryRun });
    run.inventory = EMPTY_INVENTORY;
    run.scanner = scanner;
    run.collector = 7;
    await scanning(run, {});
    expect(changes).toEqual(changed);
    expect(findingsOf(run).roots).toEqual([
      { kind: 'process', owner: '-', from: 'a running process', path: storePath('used') },
    ]);
  });
});

describe('expiring and collecting', () => {
  it('lets go of what is over, behind the seal', async () => {
    const { run, done, changes } = fakeRun({ deps: { goneSince: () => new Map([['alice', 0]]) } });
    const old = generation('alice', 1);
    run.inventory = { ...EMPTY_INVENTORY, generations: [old], profiles: new Map([['alice', 1]]) };
    run.collector = 7;
    await expiring(run, {});
    expect(done).toEqual(['seal', 'drop alice', expect.stringMatching(/^change roots /), 'unseal']);
    expect(changes).toEqual([expect.objectContaining({ expire: [old], dropProfiles: ['alice'], go: 7 })]);
  });

  it.each([
    ['forgets what was deleted', false, storePath('dead'), null],
    ['tells a dry run what would be, and forgets nothing', true, '', [{ path: storePath('dead'), bytes: 7 }]],
  ])('%s, and opens the gate', async (_what, dryRun, forgotten, dead) => {
    const { run, done } = fakeRun({ dryRun });
    await closeGate(run, {});
    run.inventory = EMPTY_INVENTORY;
    run.scanner = { scan: async () => ({ paths: [], unreadable: [], unseen: [] }), remove: async () => undefined };
    run.collector = 7;
    await scanning(run, {});
    run.collecting = Promise.resolve({ ...NOTHING_COLLECTED, dead: new Map([[storePath('dead'), 7]]) });
    await collecting(run, {});
    expect(done).toContain(`forget ${forgotten}`.trim());
    expect(done.slice(-2)).toEqual(['let imports go', 'let go']);
    expect(findingsOf(run).preview?.dead ?? null).toEqual(dead);
  });
});

describe('the end', () => {
  it('reports what was missing, also when it could be had again', async () => {
    const verify = async () => ({ mended: [storePath('a')], lost: [storePath('b')] });
    const { run, done } = fakeRun({ commands: { verify } });
    await expect(verifying(run, {})).rejects.toEqual(
      failure('StoreDamaged', expect.stringContaining(`2 paths in use were missing`)),
    );
    expect(done).toEqual([`forget ${storePath('b')}`]);
  });

  it('keeps the gate closed until the keeper has its lock again', async () => {
    const { run, done } = fakeRun();
    await closeGate(run, {});
    await mending(run, {});
    expect(done).toEqual(['hold', 'hold imports', 'release', 'let imports go', 'let go', 'forget']);
  });

  it.each([
    ['ends a collection of its own', true, ['release', 'remove scanner']],
    ["leaves another's alone", false, ['remove scanner']],
  ])('%s, then the scanner goes', async (_what, isOwn, expected) => {
    const { run, done } = fakeRun();
    run.collecting = isOwn ? Promise.resolve(NOTHING_COLLECTED) : null;
    run.scanner = {
      scan: () => Promise.reject(new Error('not asked')),
      remove: async () => void done.push('remove scanner'),
    };
    await ending(run, {});
    expect(done).toEqual(expected);
  });

  it('removes the scanner although the keeper is away', async () => {
    const release = async () => Promise.reject(new FailureError({ reason: 'KeeperNotReady', message: 'away' }));
    const { run, done } = fakeRun({ commands: { release } });
    run.collecting = Promise.resolve(NOTHING_COLLECTED);
    run.scanner = {
      scan: () => Promise.reject(new Error('not asked')),
      remove: async () => void done.push('remove scanner'),
    };
    await expect(ending(run, {})).rejects.toEqual(failure('KeeperNotReady', 'away'));
    expect(done).toEqual(['remove scanner']);
  });
});
