import { describe, expect, it } from '@jest/globals';
import { planWorkspace } from '../../../controller/plan/workspace.js';
import { alice, container, inputOf, next, NOW, textOf, type Situation } from './samples.js';

const wanted = alice({ image: 'app:2' });
const failure = { reason: 'ReplacementFailed', message: 'it did not come up' } as const;
const old = container(alice());
const stopped = container(alice(), { state: 'exited' });
const CAUSE = 'image: app:1 -> app:2';
const FINISH = `remove container workspace-alice  # ${CAUSE}
rename workspace-alice.next to workspace-alice  # finish the replacement
`;
const WAIT = `wait until workspace-alice.next is ready  # ${CAUSE}\n`;
const checked = alice({ image: 'app:2', healthcheck: { test: ['CMD', 'true'], startPeriod: '10s' } });

interface Case extends Situation {
  readonly title: string;
  readonly plan: string;
}

const CASES: readonly Case[] = [
  {
    title: 'from the start',
    desired: wanted,
    containers: [old],
    plan: `create container workspace-alice.next from app:2  # ${CAUSE}\nstop workspace-alice  # ${CAUSE}\nstart workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'of a stopped one',
    desired: wanted,
    containers: [stopped],
    plan: `create container workspace-alice.next from app:2  # ${CAUSE}\nstart workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'of one that never ran: there is nothing to come back to',
    desired: wanted,
    containers: [container(alice(), { state: 'created' })],
    plan: `remove container workspace-alice  # it never ran; ${CAUSE}\ncreate container workspace-alice from app:2  # ${CAUSE}\nstart workspace-alice  # ${CAUSE}\n`,
  },
  {
    title: 'blocked by its image while the old one is down',
    desired: wanted,
    containers: [stopped],
    world: { imagePresent: false },
    memory: { blocked: wanted.specHash },
    plan: `start workspace-alice  # the old container serves until the new one can be made\npull image app:2  # the image app:2 is not on the engine\ncreate container workspace-alice.next from app:2  # ${CAUSE}\nstop workspace-alice  # ${CAUSE}\nstart workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'made, and not started',
    desired: wanted,
    containers: [old, next(wanted, { state: 'created' })],
    plan: `stop workspace-alice  # ${CAUSE}\nstart workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'just started',
    desired: wanted,
    containers: [stopped, next(wanted)],
    memory: { nextRunningSince: NOW },
    plan: `${WAIT}${FINISH}`,
  },
  {
    title: 'has run long enough',
    desired: wanted,
    containers: [stopped, next(wanted)],
    memory: { nextRunningSince: NOW - 2_000 },
    plan: FINISH,
  },
  {
    title: 'healthy at once',
    desired: checked,
    containers: [stopped, next(checked, { health: 'healthy' })],
    memory: { nextRunningSince: NOW },
    plan: FINISH.replaceAll(
      CAUSE,
      `healthcheck.startPeriodMs: 0 -> 10000, healthcheck.test: none -> ["CMD","true"], ${CAUSE}`,
    ),
  },
  {
    title: 'ended once: the engine may have restarted',
    desired: wanted,
    containers: [stopped, next(wanted, { state: 'exited' })],
    memory: { nextStarts: { specHash: wanted.specHash, count: 1 } },
    plan: `start workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'ended twice',
    desired: wanted,
    containers: [stopped, next(wanted, { state: 'exited', details: { exitCode: 1 } })],
    memory: { nextStarts: { specHash: wanted.specHash, count: 2 } },
    plan: `remove container workspace-alice.next  # roll back: the new container's main process ended with exit code 1 (${CAUSE})
start workspace-alice  # roll back: the new container's main process ended with exit code 1 (${CAUSE})
= ReplacementFailed: the new container's main process ended with exit code 1 (${CAUSE})
`,
  },
  {
    title: 'unhealthy',
    desired: wanted,
    containers: [stopped, next(wanted, { health: 'unhealthy' })],
    plan: `remove container workspace-alice.next  # roll back: the new container did not get healthy (${CAUSE})
start workspace-alice  # roll back: the new container did not get healthy (${CAUSE})
= ReplacementFailed: the new container did not get healthy (${CAUSE})
`,
  },
  {
    title: 'given up before a crash, and left',
    desired: wanted,
    containers: [stopped, next(wanted)],
    memory: { failed: { specHash: wanted.specHash, failure } },
    plan: `remove container workspace-alice.next  # roll back: it did not come up
start workspace-alice  # roll back: it did not come up
= ReplacementFailed: it did not come up
`,
  },
  {
    title: 'given up',
    desired: wanted,
    containers: [old],
    memory: { failed: { specHash: wanted.specHash, failure } },
    plan: '= ReplacementFailed: it did not come up (serving)\n',
  },
  {
    title: 'given up, and the old one ended',
    desired: wanted,
    containers: [stopped],
    memory: { failed: { specHash: wanted.specHash, failure } },
    plan: 'start workspace-alice  # keep the old container: it did not come up\n= ReplacementFailed: it did not come up\n',
  },
  {
    title: 'given up, and the old one ends again and again',
    desired: wanted,
    containers: [stopped],
    memory: { failed: { specHash: wanted.specHash, failure }, starts: { count: 4, lastAt: NOW } },
    plan: '= ReplacementFailed: it did not come up, again after 2000 ms\n',
  },
  {
    title: 'given up, and the old one was paused',
    desired: wanted,
    containers: [container(alice(), { state: 'paused' })],
    memory: { failed: { specHash: wanted.specHash, failure } },
    plan: 'unpause workspace-alice  # keep the old container: it did not come up\n= ReplacementFailed: it did not come up\n',
  },
  {
    title: 'not wanted any more',
    desired: alice(),
    containers: [stopped, next(wanted)],
    plan: 'remove container workspace-alice.next  # the spec is back to what the old container runs\nstart workspace-alice  # the spec is back to what the old container runs\n',
  },
  {
    title: 'wanted otherwise by now',
    desired: alice({ image: 'app:3' }),
    containers: [stopped, next(wanted)],
    plan: `remove container workspace-alice.next  # the replacement is outdated: image: app:2 -> app:3
create container workspace-alice.next from app:3  # image: app:1 -> app:3
start workspace-alice.next  # image: app:1 -> app:3
wait until workspace-alice.next is ready  # image: app:1 -> app:3
remove container workspace-alice  # image: app:1 -> app:3
rename workspace-alice.next to workspace-alice  # finish the replacement
`,
  },
  {
    title: 'both run: the old one is stopped at once',
    desired: wanted,
    containers: [old, next(wanted)],
    plan: `stop workspace-alice  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
  {
    title: 'paused by hand',
    desired: wanted,
    containers: [stopped, next(wanted, { state: 'paused' })],
    plan: `unpause workspace-alice.next  # state: paused -> running\n${WAIT}${FINISH}`,
  },
  {
    title: 'being removed by somebody',
    desired: wanted,
    containers: [stopped, next(wanted, { state: 'removing' })],
    plan: '= progressing, again after 1000 ms\n',
  },
  {
    title: 'the old one is gone',
    desired: wanted,
    containers: [next(wanted)],
    plan: 'rename workspace-alice.next to workspace-alice  # finish the replacement\n',
  },
  {
    title: 'the old one was renamed by hand',
    desired: wanted,
    containers: [container(alice(), { name: 'mine' }), next(wanted)],
    plan: 'rename mine to workspace-alice  # name: mine -> workspace-alice\n',
  },
  {
    title: 'a secret went away before it started',
    desired: { ...wanted, secretsReadable: false },
    containers: [stopped, next(wanted, { state: 'created' })],
    plan: 'remove container workspace-alice.next  # a secret file cannot be read\nstart workspace-alice  # a secret file cannot be read\n',
  },
  {
    title: 'a secret went away while it runs',
    desired: { ...wanted, secretsReadable: false },
    containers: [stopped, next(wanted)],
    plan: '= SecretUnreadable: a secret file cannot be read (serving)\n',
  },
  {
    title: 'a missing network does not keep it from going on',
    desired: wanted,
    containers: [stopped, next(wanted, { state: 'created' })],
    world: { networks: new Map() },
    plan: `start workspace-alice.next  # ${CAUSE}\n${WAIT}${FINISH}`,
  },
];

describe('a replacement (law 6)', () => {
  it.each(CASES)('$title', ({ plan, ...situation }) => expect(textOf(planWorkspace(inputOf(situation)))).toBe(plan));

  it.each([
    ['within its start period and patience', 129_000, null],
    ['after both', 131_000, 'the new container did not get healthy'],
  ])('without an answer of its health check %s', (_when, runningMs, message) => {
    const situation = {
      desired: checked,
      containers: [stopped, next(checked, { health: 'starting' as const })],
      memory: { nextRunningSince: NOW - runningMs },
    };
    const plan = planWorkspace(inputOf(situation));
    expect(plan.giveUp?.failure.message.replace(/ \(.*/, '') ?? null).toBe(message);
    expect(plan.giveUp?.specHash ?? checked.specHash).toBe(checked.specHash);
  });

  it('labels the new container with the id of the old one', () => {
    const [create] = planWorkspace(inputOf({ desired: wanted, containers: [old] })).operations;
    expect(create).toMatchObject({
      type: 'create-container',
      definition: { labels: { 'kalpana.replaces': 'id-main' } },
    });
  });
});
