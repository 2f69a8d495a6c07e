import { describe, expect, it } from '@jest/globals';
import type { ContainerDefinition } from '../../../../controller/model/engine-objects.js';
import {
  lookAgain,
  lookForLinks,
  newLinkLook,
  type LinkLookDependencies,
} from '../../../../controller/nix/gc/link-look.js';
import type { KnownLink } from '../../../../controller/nix/gc/root-inventory.js';
import { storePath, user } from '../../../support/gc/fake-run.js';
import { portOf } from '../fake-port.js';

const HELLO = storePath('hello');
const link = (name: string, madeAt = '1'): KnownLink => ({ name, file: `/workspace/${name}`, madeAt });

interface Facts {
  /** Targets of links by owner and file. */
  readonly links: Record<string, string>;
  /** Mount paths by workspace, as specs have them. */
  readonly specs?: Readonly<Record<string, string>>;
  readonly dataVolumes?: readonly string[];
  readonly mountPaths?: Readonly<Record<string, string>>;
  readonly remembered?: readonly string[];
  /** The engine tells no link. */
  readonly isAway?: boolean;
}

function open({ links, specs = {}, dataVolumes = [], mountPaths = {}, remembered = [], isAway = false }: Facts) {
  /** What was looked at, an owner and a file each. */
  const looked: string[] = [];
  const probes: string[] = [];
  const owners = new Map<string, string>();
  const docker = portOf({
    inspectContainer: async () => null,
    async createContainer(name: string, { mounts }: ContainerDefinition) {
      const [data] = mounts.filter(({ source }) => source.startsWith('kalpana-workspace-'));
      const owner = data?.source.replace('kalpana-workspace-', '') ?? '';
      probes.push(`${owner} at ${data?.target}`);
      owners.set(name, owner);
      return name;
    },
    removeContainer: async (id) => void owners.delete(id),
    async readLink(container, path) {
      const at = `${owners.get(container) ?? container.replace('id-', '')} ${path}`;
      looked.push(at);
      if (isAway) throw new Error('the engine is away');
      return links[at] ?? null;
    },
  });
  const deps: LinkLookDependencies = {
    docker,
    cache: 'team',
    instance: 'default',
    image: 'keeper',
    specs: () => new Map(Object.entries(specs)),
    dataVolumes: () => dataVolumes,
    mountPaths: () => mountPaths,
    isRemembered: (workspace) => remembered.includes(workspace),
  };
  const look = newLinkLook();
  return {
    look,
    deps,
    probes,
    /** The probes that are still there. */
    left: () => [...owners.keys()],
    looked: () => looked.splice(0),
    found: () => look.found.map(({ owner, name, path }) => `${owner} ${name} ${path}`).sort(),
  };
}

describe('the first look', () => {
  it('is at every link in every user', async () => {
    const one = open({ links: { 'alice /workspace/a': HELLO, 'bob /workspace/b': HELLO } });
    await lookForLinks(one.look, one.deps, [user('alice'), user('bob')], [link('a'), link('b')], {});
    expect(one.found()).toEqual([`alice a ${HELLO}`, `bob b ${HELLO}`]);
    expect(one.looked()).toHaveLength(4);
  });

  it.each<{ what: string; facts: Partial<Facts>; probes: readonly string[]; isThrough: boolean }>([
    {
      what: 'where its spec mounts it',
      facts: { specs: { carol: '/data' } },
      probes: ['carol at /data'],
      isThrough: true,
    },
    {
      what: 'where it was, of one that is remembered',
      facts: { remembered: ['carol'], mountPaths: { carol: '/old' } },
      probes: ['carol at /old'],
      isThrough: false,
    },
    {
      what: 'where it usually is, of one of which no more is known',
      facts: { remembered: ['carol'] },
      probes: ['carol at /workspace'],
      isThrough: false,
    },
    { what: 'not at all when it is forgotten', facts: {}, probes: [], isThrough: false },
  ])('is into a volume that has no user: $what', async ({ facts, probes, isThrough }) => {
    const one = open({ links: { 'carol /workspace/a': HELLO }, dataVolumes: ['carol'], ...facts });
    await lookForLinks(one.look, one.deps, [user('alice')], [link('a')], {});
    expect([one.probes, one.left()]).toEqual([probes, []]);
    expect(one.found()).toEqual(probes.length === 0 ? [] : [`carol a ${HELLO}`]);
    expect([one.look.tried.has('carol'), one.look.through.has('carol')]).toEqual([probes.length > 0, isThrough]);
  });

  it('makes no probe for a volume whose workspace has a container, or where there is nothing to look for', async () => {
    const one = open({ links: {}, dataVolumes: ['alice', 'bob'], specs: { alice: '/w', bob: '/w' } });
    await lookForLinks(one.look, one.deps, [user('alice')], [], {});
    expect([one.probes, one.look.tried.size]).toEqual([[], 0]);
    await lookForLinks(one.look, one.deps, [user('alice')], [link('a')], {});
    expect(one.probes).toEqual(['bob at /w']);
  });

  it('leaves no probe when it fails', async () => {
    const one = open({ links: {}, dataVolumes: ['carol'], specs: { carol: '/w' }, isAway: true });
    await expect(lookForLinks(one.look, one.deps, [], [link('a')], {})).rejects.toThrow('away');
    expect(one.probes).toHaveLength(1);
    expect(one.left()).toEqual([]);
  });
});

describe('the second look', () => {
  const ALICE = user('alice');
  const BOB = user('bob');

  it('is at what was made or remade since, and at everything in who has come', async () => {
    const one = open({ links: {} });
    const known = [link('a'), link('b')];
    await lookForLinks(one.look, one.deps, [ALICE], known, {});
    one.looked();
    const links = [link('a'), link('b', '2'), link('c')];
    await lookAgain(one.look, one.deps, { before: [ALICE], now: [ALICE, BOB], known, links }, {});
    expect(one.looked().sort()).toEqual([
      'alice /workspace/b',
      'alice /workspace/c',
      'bob /workspace/a',
      'bob /workspace/b',
      'bob /workspace/b',
      'bob /workspace/c',
    ]);
  });

  it('takes the place of the first for what it finds, and leaves the rest', async () => {
    const facts = { links: { 'alice /workspace/a': HELLO, 'alice /workspace/b': HELLO } as Record<string, string> };
    const one = open(facts);
    const known = [link('a'), link('b')];
    await lookForLinks(one.look, one.deps, [ALICE], known, {});
    facts.links['alice /workspace/b'] = storePath('jq');
    const links = [link('a'), link('b', '2')];
    await lookAgain(one.look, one.deps, { before: [ALICE], now: [ALICE], known, links }, {});
    expect(one.found()).toEqual([`alice a ${HELLO}`, `alice b ${storePath('jq')}`]);
  });

  it('is at every link in a volume whose container has gone since, and else at the new ones', async () => {
    const one = open({ links: {}, dataVolumes: ['alice', 'bob'], specs: { alice: '/workspace', bob: '/workspace' } });
    const known = [link('a')];
    await lookForLinks(one.look, one.deps, [ALICE], known, {});
    one.looked();
    await lookAgain(one.look, one.deps, { before: [ALICE], now: [], known, links: [link('a'), link('c')] }, {});
    expect(one.looked().sort()).toEqual(['alice /workspace/a', 'alice /workspace/c', 'bob /workspace/c']);
  });
});
