import { describe, expect, it } from '@jest/globals';
import { LABEL, sharedVolumeName } from '../../../controller/model/names.js';
import { limitRemovals } from '../../../controller/plan/removal-limit.js';
import { planRemoval } from '../../../controller/plan/removal.js';
import { renderOperation, renderPlan } from '../../../controller/plan/render.js';
import { planShared } from '../../../controller/plan/shared.js';
import { alice, container, INSTANCE, next, observation, textOf } from './samples.js';

const CAUSE = 'the spec was removed';

describe('a removal', () => {
  it.each([
    [
      'with Retain',
      [container(alice())],
      'Retain',
      `stop workspace-alice  # ${CAUSE}\nremove container workspace-alice  # ${CAUSE}\n`,
    ],
    [
      'with Delete',
      [container(alice())],
      'Delete',
      `stop workspace-alice  # ${CAUSE}\nremove container workspace-alice  # ${CAUSE}\nremove volume kalpana-workspace-alice  # ${CAUSE}, with reclaimPolicy Delete\n`,
    ],
    [
      'when nobody knows the policy',
      [container(alice(), { state: 'exited' })],
      null,
      `remove container workspace-alice  # ${CAUSE}\n`,
    ],
    [
      'in the middle of a replacement',
      [container(alice(), { state: 'exited' }), next(alice())],
      'Retain',
      `stop workspace-alice.next  # ${CAUSE}\nremove container workspace-alice.next  # ${CAUSE}\nremove container workspace-alice  # ${CAUSE}\n`,
    ],
    [
      'of one renamed by hand',
      [container(alice(), { name: 'mine', state: 'exited' })],
      'Retain',
      `remove container mine  # ${CAUSE}\n`,
    ],
    ['that somebody has begun', [container(alice(), { state: 'removing' })], 'Retain', '= removed\n'],
    [
      'of what another instance made',
      [container(alice(), { labels: { ...container(alice()).labels, [LABEL.controller]: 'other' } })],
      'Retain',
      '= removed\n',
    ],
    [
      'of what the replaced system made',
      [container(alice(), { labels: { [LABEL.managed]: 'true', [LABEL.workspace]: 'alice' } })],
      'Retain',
      '= removed\n',
    ],
    ['of nothing', [], 'Retain', '= removed\n'],
  ] as const)('%s', (_what, containers, reclaimPolicy, plan) => {
    expect(
      textOf(
        planRemoval({
          workspace: 'alice',
          instance: INSTANCE,
          observed: observation(alice(), containers),
          reclaimPolicy,
        }),
      ),
    ).toBe(plan);
  });

  it('leaves a data volume that is not ours', () => {
    const volumes = new Map([
      ['kalpana-workspace-alice', { name: 'kalpana-workspace-alice', driver: 'local', labels: {} }],
    ]);
    expect(
      textOf(
        planRemoval({
          workspace: 'alice',
          instance: INSTANCE,
          observed: observation(alice(), [], { volumes }),
          reclaimPolicy: 'Delete',
        }),
      ),
    ).toBe('= removed\n');
  });
});

describe('removals at once (law 4)', () => {
  it.each([
    ['one of one', ['a'], ['a'], [], ['a'], []],
    ['two of two', ['a', 'b'], ['a', 'b'], [], [], ['a', 'b']],
    ['two of three', ['a', 'b', 'c'], ['a', 'b'], [], ['a', 'b'], []],
    ['half of four', ['a', 'b', 'c', 'd'], ['a', 'b'], [], ['a', 'b'], []],
    ['more than half of four', ['a', 'b', 'c', 'd'], ['c', 'b', 'a'], [], [], ['a', 'b', 'c']],
    ['one of them confirmed', ['a', 'b', 'c', 'd', 'e'], ['a', 'b', 'c'], ['a'], ['a', 'b', 'c'], []],
    ['one confirmed, and too many left', ['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd'], ['a'], ['a'], ['b', 'c', 'd']],
    ['all confirmed', ['a', 'b'], ['b', 'a'], ['a', 'b'], ['a', 'b'], []],
    ['gone without a container', [], ['a', 'b'], [], [], ['a', 'b']],
  ])('%s', (_what, existing, gone, approved, allowed, held) => {
    expect(limitRemovals({ existing, gone, approved: new Set(approved) })).toEqual({ allowed, held });
    expect(limitRemovals({ existing, gone, approved: 'all' })).toEqual({ allowed: [...gone].sort(), held: [] });
  });
});

describe('what workspaces share', () => {
  const desired = alice({ sharedVolumes: [{ name: 'tools', mountPath: '/tools' }] });
  const all = observation(desired, []);
  const volume = (name: string, labels: Record<string, string>) => ({
    ...all,
    volumes: new Map([...all.volumes, [name, { name, driver: 'local', labels }]]),
  });

  it.each([
    [
      'nothing is there',
      [desired],
      { volumes: new Map(), networks: new Map() },
      'create network kalpana-workspaces  # the network does not exist\ncreate volume kalpana-nix-store  # the volume does not exist\ncreate volume kalpana-tools  # the volume does not exist\n',
      [],
    ],
    ['all is there', [desired], all, '', []],
    ['nobody asks for anything', [], { volumes: new Map(), networks: new Map() }, '', []],
    [
      'the replaced system made the cache, without a type',
      [desired],
      volume('kalpana-nix-store', { [LABEL.managed]: 'true', [LABEL.shared]: 'true' }),
      '',
      [],
    ],
    ['a volume is not ours', [desired], volume(sharedVolumeName('tools'), {}), '', ['VolumeConflict']],
    [
      'a volume is of another type',
      [desired],
      volume(sharedVolumeName('tools'), { [LABEL.managed]: 'true', [LABEL.shared]: 'true', [LABEL.type]: 'nix-cache' }),
      '',
      ['VolumeConflict'],
    ],
    [
      'the network is not ours',
      [desired],
      { ...all, networks: new Map([['kalpana-workspaces', { id: 'x', name: 'kalpana-workspaces', labels: {} }]]) },
      '',
      ['NetworkConflict'],
    ],
  ])('%s', (_what, workspaces, { volumes, networks }, text, reasons) => {
    const plan = planShared({ workspaces, caches: new Map([['default', {}]]), volumes, networks });
    expect(renderPlan(plan.operations)).toBe(text);
    expect(plan.failures.map(({ reason }) => reason)).toEqual(reasons);
  });

  it('a cache that nobody defines gets no volume', () => {
    const plan = planShared({
      workspaces: [desired, alice({ cache: 'nobodys' })],
      caches: new Map([['default', {}]]),
      ...all,
    });
    expect(plan).toEqual({ operations: [], failures: [] });
  });

  it('renders every operation on one line', () => {
    const container = { name: 'c', id: null };
    expect(renderOperation({ type: 'disconnect-network', network: 'n', container, cause: 'why' })).toBe(
      'disconnect c from n  # why',
    );
  });
});
