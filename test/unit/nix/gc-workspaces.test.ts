import { describe, expect, it } from '@jest/globals';
import type { DesiredWorkspace } from '../../../controller/model/desired.js';
import { gcWorkspaces } from '../../../controller/nix/gc-workspaces.js';
import { sampleCache, workspaceOf, type CacheFacts } from './sample-cache.js';
import { snapshotOf } from './sample-registry.js';
import { cache } from './samples.js';

const mountedAt = (workspace: DesiredWorkspace, storageMountPath: string): DesiredWorkspace => ({
  ...workspace,
  creation: { ...workspace.creation, storageMountPath },
});
const ALICE = mountedAt(workspaceOf('alice', ['hello', 'jq']), '/workspace');
const BOB = mountedAt(workspaceOf('bob', []), '/data');

function open(facts: CacheFacts, wanted: readonly DesiredWorkspace[] | null) {
  const { context, asked } = sampleCache(facts);
  const { specs, environments } = context;
  const snapshot = () => (wanted === null ? null : snapshotOf([], wanted));
  return { asked, found: gcWorkspaces({ specs, environments, shared: { snapshot } }) };
}

describe('the workspaces that a collection knows', () => {
  it('are those of the cache, with what is theirs', () => {
    const { found } = open({ workspaces: ['alice', 'bob'] }, [BOB, ALICE]);
    expect(found.map(({ name, hasPackages, storageMountPath }) => [name, hasPackages, storageMountPath])).toEqual([
      ['alice', true, '/workspace'],
      ['bob', false, '/data'],
    ]);
  });

  it('ask for their packages from the nixpkgs of the cache', () => {
    const { found, asked } = open({ workspaces: ['alice'], desired: cache({ nixpkgs: '/pinned' }) }, [ALICE]);
    expect(asked).toEqual([]);
    found.forEach(({ realise }) => realise());
    expect(asked).toEqual(['request alice /pinned hello,jq']);
  });

  it.each<{ what: string; facts: CacheFacts; wanted: readonly DesiredWorkspace[] | null; names: readonly string[] }>([
    { what: 'of other caches', facts: { workspaces: ['bob'] }, wanted: [ALICE, BOB], names: ['bob'] },
    { what: 'of a cache without a spec', facts: { workspaces: ['bob'], desired: null }, wanted: [BOB], names: [] },
    { what: 'whose spec has gone', facts: { workspaces: ['alice', 'bob'] }, wanted: [BOB], names: ['bob'] },
    { what: 'before the specs were read', facts: { workspaces: ['bob'] }, wanted: null, names: [] },
  ])('are not those $what', ({ facts, wanted, names }) => {
    expect(open(facts, wanted).found.map(({ name }) => name)).toEqual(names);
  });
});
