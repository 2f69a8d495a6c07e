import { describe, expect, it } from '@jest/globals';
import { createContainerIndex, workspacesOf } from '../../../controller/observe/container-index.js';
import { alice, container } from '../plan/samples.js';

const own = container(alice(), { id: 'own' });
/** Of the workspace alice by its label, under a name of bob's. */
const both = container(alice(), { id: 'both', name: 'workspace-bob' });
const nobodys = container(alice(), { id: 'web', name: 'web', labels: {} });

describe('containers by workspace', () => {
  it('go by label and by name', () =>
    expect([own, both, nobodys].map(workspacesOf)).toEqual([['alice'], ['alice', 'bob'], []]));

  it('are found under every workspace that they concern', () => {
    const index = createContainerIndex([own, both, nobodys]);
    expect(['alice', 'bob', 'carol'].map((name) => index.of(name).map(({ id }) => id))).toEqual([
      ['own', 'both'],
      ['both'],
      [],
    ]);
    expect([...index.all.keys()]).toEqual(['own', 'both', 'web']);
  });

  it('are gone everywhere once they are taken out', () => {
    const index = createContainerIndex([own, both, nobodys]);
    index.removeOf('alice');
    expect([index.of('alice'), index.of('bob'), [...index.all.keys()]]).toEqual([[], [], ['web']]);
    index.put(both);
    expect(index.of('bob')).toEqual([both]);
  });
});
