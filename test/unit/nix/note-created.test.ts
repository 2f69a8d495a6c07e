import { describe, expect, it } from '@jest/globals';
import { noteCreated } from '../../../controller/nix/note-created.js';
import { warmUse } from '../../../controller/nix/packages/accounts.js';
import { environmentOf, keyOf } from './packages/fake-keeper.js';
import { sampleCache, workspaceOf, type CacheFacts } from './sample-cache.js';
import { sampleRegistry, snapshotOf } from './sample-registry.js';
import { user } from './samples.js';

const HELLO = keyOf('hello');
/** What an earlier switch of her profile was. */
const SWITCH = warmUse(environmentOf(HELLO), 7);
/** The profile of alice holds what her spec asks for. */
const WARM: CacheFacts = { profiles: { alice: HELLO }, toldPackages: ['hello'] };

function open(facts: CacheFacts, packages: readonly string[] = ['hello']) {
  const cache = sampleCache(facts);
  const { registry, events, view } = sampleRegistry();
  registry.snapshot = snapshotOf([], [workspaceOf('alice', packages)]);
  registry.caches.set('team', cache.context);
  return { registry, events, view, asked: cache.asked };
}

describe('the container of a workspace that was made', () => {
  it('on a profile that held everything is a use of the cache, and its last one', () => {
    const { registry, events, asked } = open(WARM);
    noteCreated(registry, 'alice');
    expect(events).toEqual([expect.objectContaining({ type: 'linked', cache: 'team', workspace: 'alice' })]);
    expect(asked).toEqual(['add']);
    expect(registry.shared.uses.last('alice')?.temperature).toBe('warm');
  });

  it.each<{ what: string; facts: CacheFacts; packages?: readonly string[]; workspace?: string }>([
    { what: 'without packages', facts: { ...WARM, profiles: { alice: keyOf() } }, packages: [] },
    { what: 'that no spec wants', facts: WARM, workspace: 'bob' },
    { what: 'while its profile is being switched', facts: { ...WARM, progress: 'switching the profile' } },
    { what: 'on what an earlier spec asked for', facts: { ...WARM, profiles: { alice: keyOf('old') } } },
    { what: 'without a profile', facts: { toldPackages: ['hello'] } },
    { what: 'whose environment is not in the store', facts: { profiles: { alice: HELLO } } },
    { what: 'of a cache without a spec', facts: { ...WARM, desired: null } },
  ])('$what is none', ({ facts, packages, workspace = 'alice' }) => {
    const { registry, events, asked } = open(facts, packages);
    noteCreated(registry, workspace);
    expect([events, asked, registry.shared.uses.last(workspace)]).toEqual([[], [], null]);
  });

  it('of a cache that nobody has looked at is none', () => {
    const { registry, events } = open(WARM);
    registry.caches.clear();
    noteCreated(registry, 'alice');
    expect(events).toEqual([]);
  });

  it('before the specs were read is none', () => {
    const { registry, events } = open(WARM);
    registry.snapshot = null;
    noteCreated(registry, 'alice');
    expect(events).toEqual([]);
  });

  it('counts once with the switch of the profile before it, when no container was there', () => {
    const { registry, events } = open(WARM);
    registry.shared.uses.noteLinked('alice', SWITCH);
    noteCreated(registry, 'alice');
    expect([events, registry.shared.uses.last('alice')]).toEqual([[], SWITCH]);
  });

  it('counts by itself when the profile was switched under the container before it', () => {
    const { registry, events, view } = open(WARM);
    view.containers.set('id', user('workspace-alice'));
    registry.shared.uses.noteLinked('alice', SWITCH);
    noteCreated(registry, 'alice');
    expect(events).toHaveLength(1);
  });
});
