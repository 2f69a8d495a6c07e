import { describe, expect, it } from '@jest/globals';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import { createCaches } from '../../../controller/nix/caches.js';
import * as scripts from '../../../controller/nix/keeper/scripts.js';
import { execBy } from './fake-port.js';
import { keyOf, pathOf, settle } from './packages/fake-keeper.js';
import { workspaceOf } from './sample-cache.js';
import { snapshotOf, surroundings } from './sample-registry.js';
import { cache, keeper, VOLUME } from './samples.js';

const KEEPER = keeper(cache());
const ALICE = workspaceOf('alice', ['hello']);
const INVENTORY = ['version 2.26.3', `profile alice ${pathOf(keyOf('hello'))}`];
const realise = (packages: readonly string[], name = 'team') =>
  ({ type: 'realise-environment', workspace: 'alice', cache: name, packages, cause: 'it wants them' }) as const;
const waitFor = (workspace: string) =>
  ({ type: 'await-environment', workspace, cache: 'team', waitMs: 0, cause: 'it wants them' }) as const;

/** The caches of a controller, on an engine on which the keeper of the cache `team` runs. */
function open({ isUp = true } = {}) {
  const { commands, exec } = execBy(({ script }) => ({
    lines: (script === scripts.INVENTORY_SCRIPT ? INVENTORY : []).map((line) => `kalpana: ${line}`),
  }));
  const { deps, view } = surroundings({
    containers: isUp ? [KEEPER] : [],
    volumes: [VOLUME],
    docker: {
      inspectContainer: async (name) => [...view.containers.values()].find((one) => one.name === name) ?? null,
      listContainers: async () => [...view.containers.values()],
      inspectImage: async () => null,
      exec,
    },
  });
  const caches = createCaches(deps);
  return {
    caches,
    list: (listed: ObservedContainer) => void view.containers.set(listed.id, listed),
    asked: () => commands.flatMap(({ env }) => env['KALPANA_REQUEST'] ?? []).length,
    /** The keeper has answered. */
    async serve() {
      caches.update(snapshotOf([cache()], [ALICE]));
      await caches.reconcile('team', {});
    },
  };
}

describe('a person who asks for a cache', () => {
  it.each(['team', 'other'])('that no spec wants hears so: %s', async (name) => {
    const { caches } = open();
    // Its keeper is there, its spec is not.
    caches.update(snapshotOf([]));
    expect(caches.names()).toEqual(['team']);
    const error = new Error(`there is no cache ${name}`);
    await expect(caches.collect(name, false, () => undefined)).rejects.toEqual(error);
    await expect(caches.clear(name, false, {})).rejects.toEqual(error);
  });

  it('hears in one line why it cannot be emptied', async () => {
    const { caches } = open({ isUp: false });
    caches.update(snapshotOf([cache()]));
    await expect(caches.clear('team', false, {})).rejects.toEqual(
      new Error(
        'the keeper of the cache team is not ready: it has not been looked at yet; --force empties the cache nevertheless',
      ),
    );
  });
});

describe('the keeper of a cache', () => {
  it('has not moved while the one that answers is listed', async () => {
    const { caches, serve, list } = open();
    caches.update(snapshotOf([cache()]));
    expect(caches.keeperMoved('team')).toBe(true);
    await serve();
    expect(caches.keeperMoved('team')).toBe(false);
    list({ ...KEEPER, state: 'exited' });
    expect(caches.keeperMoved('team')).toBe(true);
  });

  it('of a cache that nobody knows is worth a look', () => {
    expect(open().caches.keeperMoved('other')).toBe(true);
  });

  it('is planned without a change', async () => {
    const { caches } = open({ isUp: false });
    caches.update(snapshotOf([cache()]));
    const { operations } = await caches.foresee('team', {});
    expect(operations.map(({ type }) => type)).toEqual(['create-container', 'start-container']);
  });
});

describe('the packages of a workspace', () => {
  it('are asked for with the nixpkgs of its cache, once a spec wants that', async () => {
    const { caches, serve, asked } = open();
    caches.realise(realise(['jq'], 'other'));
    await serve();
    expect(asked()).toBe(0);
    caches.realise(realise(['jq']));
    await settle();
    expect(asked()).toBe(1);
  });

  it('are in place when its profile holds what its spec asks for now', async () => {
    const { caches, serve } = open();
    await serve();
    expect(await caches.inPlace(waitFor('alice'))).toBe(true);
    caches.update(snapshotOf([cache()], [workspaceOf('alice', ['jq'])]));
    expect(await caches.inPlace(waitFor('alice'))).toBe(false);
  });

  it('are not in place of a workspace without a spec, or in a cache without one', async () => {
    const { caches, serve } = open();
    await serve();
    expect(await caches.inPlace(waitFor('bob'))).toBe(false);
    caches.update(snapshotOf([], [ALICE]));
    expect(await caches.inPlace(waitFor('alice'))).toBe(false);
  });
});
