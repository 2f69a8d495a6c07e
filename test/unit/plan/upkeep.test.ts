import { describe, expect, it } from '@jest/globals';
import { planContext } from '../../../controller/plan/context.js';
import { keepServing, planMatching } from '../../../controller/plan/upkeep.js';
import { alice, container, inputOf, NOW, textOf } from './samples.js';

type Change = Parameters<typeof container>[1];

const desired = alice();
const failure = { reason: 'ReplacementFailed', message: 'it did not come up' } as const;
const justStarted = { starts: { count: 9, lastAt: NOW } };
const short = { startedAt: NOW - 1_000, finishedAt: NOW, exitCode: 127 };

describe('a container that is what the spec asks for', () => {
  it.each<[string, Change, Parameters<typeof inputOf>[0]['memory'], string]>([
    ['runs', {}, {}, '= ready\n'],
    ['waits for its health check', { health: 'starting' }, {}, '= progressing\n'],
    ['is unhealthy', { health: 'unhealthy' }, {}, '= Unhealthy: the health check fails (serving)\n'],
    ['was paused', { state: 'paused' }, {}, 'unpause workspace-alice  # state: paused -> running\n'],
    ['never started', { state: 'created' }, {}, 'start workspace-alice  # the container never started\n'],
    ['ended', { state: 'exited' }, {}, 'start workspace-alice  # state: exited -> running\n'],
    [
      'ended soon after its start, again and again',
      { state: 'exited', details: short },
      justStarted,
      '= CrashLoop: the main process ended with exit code 127 (the command was not found), again and again, again after 64000 ms\n',
    ],
    [
      'has lost its network',
      { networks: [] },
      {},
      'connect workspace-alice to kalpana-workspaces  # network kalpana-workspaces: disconnected\n',
    ],
    [
      'has other limits',
      { details: { limits: { nanoCpus: 1e9, memoryBytes: 0, pids: 0 } } },
      {},
      'update workspace-alice  # cpus: 1 -> none\n',
    ],
  ])('%s', (_what, change, memory, text) => {
    const main = container(desired, change);
    expect(textOf(planMatching(planContext(inputOf({ desired, containers: [main], memory })), main))).toBe(text);
  });
});

describe('the old container after a failed replacement', () => {
  const FAILED = '= ReplacementFailed: it did not come up';
  it.each<[string, Change, Parameters<typeof inputOf>[0]['memory'], string]>([
    ['serves on', {}, {}, `${FAILED} (serving)\n`],
    [
      'is started again',
      { state: 'exited' },
      {},
      `start workspace-alice  # keep the old container: it did not come up\n${FAILED}\n`,
    ],
    [
      'is unpaused',
      { state: 'paused' },
      {},
      `unpause workspace-alice  # keep the old container: it did not come up\n${FAILED}\n`,
    ],
    [
      'waits when it ends at once',
      { state: 'exited', details: short },
      justStarted,
      `${FAILED}, again after 64000 ms\n`,
    ],
  ])('%s', (_what, change, memory, text) => {
    const main = container(desired, change);
    expect(textOf(keepServing(planContext(inputOf({ desired, containers: [main], memory })), main, failure))).toBe(
      text,
    );
  });
});
