import { describe, expect, it } from '@jest/globals';
import { planContext } from '../../../controller/plan/context.js';
import { guard } from '../../../controller/plan/guard.js';
import { act, emptyPlan } from '../../../controller/plan/steps.js';
import type { Operation, Plan } from '../../../controller/plan/types.js';
import { alice, cacheObservation, container, inputOf, next, textOf, type Situation } from './samples.js';

const desired = alice({ packages: ['hello', 'tool'] });
const up = container(desired);
const cause = 'a test';
const target = { name: up.name, id: up.id };
const stop: Operation = { type: 'stop-container', container: target, graceSeconds: 10, cause };
const start: Operation = { type: 'start-container', container: target, cause };
const create: Operation = {
  type: 'create-container',
  container: up.name,
  definition: { image: 'app:1' } as Extract<Operation, { type: 'create-container' }>['definition'],
  cause,
};
const failure = { reason: 'PackageNotFound', message: 'tool is unknown' } as const;
const noNetwork = { networks: new Map() };
const noPackages = { cache: cacheObservation({ profile: 'none', failure, retryMs: 7 }) };

const guarded = (situation: Partial<Situation>, operations: readonly Operation[]): Plan =>
  guard(
    planContext(inputOf({ desired, ...situation })),
    operations.length === 0 ? emptyPlan({ kind: 'ready' }) : act(operations, []),
  );

describe('a plan passes', () => {
  it.each<[string, Partial<Situation>, readonly Operation[]]>([
    ['when nothing stands in its way', {}, [create, start]],
    ['without its network, when it only stops', { world: noNetwork }, [stop]],
    ['without its packages, when it only stops', { world: noPackages }, [stop]],
    [
      'without its network, to go on with a replacement',
      { world: noNetwork, containers: [up, next(desired)] },
      [start],
    ],
    ['a missing image, when its pull policy allows a pull', { world: { imagePresent: false } }, [create]],
  ])('%s', (_when, situation, operations) => expect(guarded(situation, operations).operations).toEqual(operations));
});

describe('a plan is held back', () => {
  it.each<[string, Partial<Situation>, readonly Operation[], string]>([
    [
      'by a container of somebody else, whatever it holds',
      { containers: [container(desired, { labels: {} })] },
      [],
      '= NameConflict: a container named workspace-alice exists and does not carry our labels\n',
    ],
    [
      'by a damaged volume, whatever it holds',
      { containers: [up], world: { storageDamaged: true } },
      [],
      '= DataVolumeDamaged: the directory behind the volume kalpana-workspace-alice is gone (serving)\n',
    ],
    [
      'by a secret that cannot be read, when it creates',
      { desired: { ...desired, secretsReadable: false } },
      [create],
      '= SecretUnreadable: a secret file cannot be read\n',
    ],
    [
      'by an absent image that must not be pulled, when it creates',
      { desired: alice({ imagePullPolicy: 'Never' }), world: { imagePresent: false } },
      [create],
      '= ImageMissing: the image app:1 is not on the engine\n',
    ],
    [
      'by a missing network, when it starts',
      { containers: [container(desired, { state: 'exited' })], world: noNetwork },
      [start],
      '= NetworkMissing: the network kalpana-workspaces is not there yet\n',
    ],
    [
      'by packages that cannot be had, when it creates',
      { world: noPackages },
      [create],
      '= PackageNotFound: tool is unknown, again after 7 ms\n',
    ],
  ])('%s', (_what, situation, operations, text) => expect(textOf(guarded(situation, operations))).toBe(text));
});
