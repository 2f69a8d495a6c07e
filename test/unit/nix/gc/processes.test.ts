import { describe, expect, it } from '@jest/globals';
import type { ObservedContainer } from '../../../../controller/model/engine-objects.js';
import { LABEL } from '../../../../controller/model/names.js';
import { hasProcesses, ownerOf } from '../../../../controller/nix/gc/owners.js';
import { pathsInUse } from '../../../../controller/nix/gc/processes.js';
import type { Scanned } from '../../../../controller/nix/gc/scanner.js';
import { storePath, user } from '../../../support/gc/fake-run.js';
import { failureOf, portOf } from '../fake-port.js';

const HELLO = storePath('hello');
const SEEN: Scanned = { paths: [HELLO], unreadable: [], unseen: [] };

/** What the scan tells, and what the engine tells of these containers afterwards. */
function open(scanned: Partial<Scanned>, now: readonly ObservedContainer[] = []) {
  const asked: string[][] = [];
  const docker = portOf({ inspectContainer: async (id) => now.find((container) => container.id === id) ?? null });
  const scanner = {
    async scan(ids: readonly string[]) {
      asked.push([...ids]);
      return { ...SEEN, ...scanned };
    },
    remove: async () => undefined,
  };
  return { asked, use: (users: readonly ObservedContainer[]) => pathsInUse(docker, scanner, users, {}) };
}

describe('the store paths that processes use', () => {
  it('are asked of the users that have processes', async () => {
    const { asked, use } = open({});
    expect(
      await use([user('alice'), user('bob', 'paused'), user('carol', 'exited'), user('dora', 'restarting')]),
    ).toEqual([HELLO]);
    expect(asked).toEqual([['id-alice', 'id-bob']]);
  });

  const process = (containerId: string | null) => ({ pid: '7', program: 'sh', containerId });

  it.each<{ what: string; unreadable: Scanned['unreadable']; words: string }>([
    {
      what: 'of a workspace',
      unreadable: [process('id-alice')],
      words: 'process 7 (sh) of the container workspace-alice cannot be read',
    },
    {
      what: 'of a container that is gone',
      unreadable: [process('id-gone')],
      words: 'process 7 (sh) of the container id-gone cannot be read',
    },
    {
      what: 'of no container',
      unreadable: [process(null)],
      words: 'process 7 (sh) among the mounts of the cache cannot be read',
    },
    {
      what: 'and others',
      unreadable: [process(null), process('id-alice'), process(null)],
      words: 'process 7 (sh) among the mounts of the cache cannot be read (and 2 others)',
    },
  ])('are not known while a process $what cannot be read', async ({ unreadable, words }) => {
    const { use } = open({ unreadable }, [user('alice')]);
    expect(await failureOf(use([user('alice')]))).toEqual({ reason: 'ProcessUnreadable', message: words });
  });

  it.each<{ what: string; now: readonly ObservedContainer[]; isKnown: boolean }>([
    { what: 'still runs', now: [user('alice')], isKnown: false },
    { what: 'has ended since', now: [user('alice', 'exited')], isKnown: true },
    { what: 'is gone', now: [], isKnown: true },
  ])('of a container without a visible process that $what are known: $isKnown', async ({ now, isKnown }) => {
    const used = open({ unseen: ['id-alice'] }, now).use([user('alice')]);
    if (isKnown) expect(await used).toEqual([HELLO]);
    else
      expect(await failureOf(used)).toEqual({
        reason: 'ProcessUnreadable',
        message: 'no process of the running container workspace-alice can be seen',
      });
  });
});

describe('the owner of a container', () => {
  const container = (name: string, workspace?: string): ObservedContainer => ({
    ...user('x'),
    name,
    labels: workspace === undefined ? {} : { [LABEL.workspace]: workspace },
  });

  it.each([
    { what: 'its workspace', given: container('workspace-alice', 'alice'), owner: 'alice' },
    { what: 'the workspace that it replaces', given: container('workspace-alice.next', 'alice'), owner: 'alice' },
    { what: 'nobody by its name alone', given: container('workspace-alice'), owner: '~workspace-alice' },
    { what: 'nobody by its label alone', given: container('web', 'alice'), owner: '~web' },
    { what: 'nobody when they differ', given: container('workspace-alice', 'bob'), owner: '~workspace-alice' },
  ])('is $what', ({ given, owner }) => {
    expect(ownerOf(given)).toBe(owner);
  });

  it.each<{ state: ObservedContainer['state']; expected: boolean }>([
    { state: 'running', expected: true },
    { state: 'paused', expected: true },
    { state: 'restarting', expected: false },
    { state: 'created', expected: false },
    { state: 'exited', expected: false },
    { state: 'dead', expected: false },
  ])('has processes while it is $state: $expected', ({ state, expected }) => {
    expect(hasProcesses(user('alice', state))).toBe(expected);
  });
});
