import { describe, expect, it } from '@jest/globals';
import { createWorkspaceUses, type WorkspaceUses } from '../../../controller/nix/workspace-uses.js';
import { warmUse } from '../../../controller/nix/packages/accounts.js';
import { environmentOf } from './packages/fake-keeper.js';

const use = (seconds: number) => warmUse(environmentOf('0123456789abcdef0123456789abcdef'), seconds);
const link = (uses: WorkspaceUses) => void uses.noteLinked('alice', use(1));
const create = (uses: WorkspaceUses) => uses.noteCreated('alice', false);
const createEarly = (uses: WorkspaceUses) => uses.noteCreated('alice', true);

describe('a start of a workspace', () => {
  it.each([
    { what: 'a creation alone is a use', hasContainer: false, steps: [create], own: true },
    { what: 'a link and then a creation are one', hasContainer: false, steps: [link, create], own: false },
    {
      what: 'a creation and then its link are one',
      hasContainer: false,
      steps: [createEarly, link, create],
      own: true,
    },
    { what: 'a creation whose link is to come is none', hasContainer: false, steps: [createEarly], own: false },
    { what: 'a link of a running workspace is another', hasContainer: true, steps: [link, create], own: true },
    { what: 'the next creation is a use again', hasContainer: false, steps: [link, create, create], own: true },
  ])('$what', ({ hasContainer, steps, own }) => {
    const uses = createWorkspaceUses(() => hasContainer);
    expect(steps.map((step) => step(uses)).at(-1)).toBe(own);
  });

  it('is remembered as the last one, linked or found warm', () => {
    const uses = createWorkspaceUses(() => true);
    expect(uses.last('alice')).toBeNull();
    uses.noteLinked('alice', use(1));
    uses.noteWarmStart('bob', use(2));
    expect([uses.last('alice')?.seconds, uses.last('bob')?.seconds]).toEqual([1, 2]);
  });

  it('is forgotten with the workspace', () => {
    const uses = createWorkspaceUses(() => false);
    for (const name of ['alice', 'bob']) uses.noteLinked(name, use(1));
    uses.keepOnly((name) => name === 'bob');
    expect([uses.last('alice'), uses.last('bob')?.seconds]).toEqual([null, 1]);
    expect([uses.noteCreated('alice', false), uses.noteCreated('bob', false)]).toEqual([true, false]);
  });
});
