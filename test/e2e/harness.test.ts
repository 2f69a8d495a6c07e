import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { answers, call } from '../../deploy/setup/engine-api.mjs';
import {
  leftovers,
  startScratchEngine,
  TEST_IMAGE,
  OTHER_TEST_IMAGE,
  testEngineHost,
  type ScratchEngine,
} from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';

interface Container {
  readonly Id: string;
  readonly State: string;
  readonly Names: readonly string[];
}

async function runningNames(host: string): Promise<string[]> {
  const containers = (await call(host, 'GET', '/containers/json')) as Container[];
  return containers.map(({ Names }) => Names[0] ?? '').sort();
}

async function startContainer(host: string, name: string, RestartPolicy = 'no'): Promise<string> {
  const HostConfig = { Init: true, RestartPolicy: { Name: RestartPolicy } };
  const { Id } = (await call(host, 'POST', `/containers/create?name=${name}`, {
    body: { Image: TEST_IMAGE, HostConfig },
  })) as Container;
  await call(host, 'POST', `/containers/${Id}/start`);
  return Id;
}

describe('the test engine', () => {
  it('answers and has both test images', async () => {
    for (const image of [TEST_IMAGE, OTHER_TEST_IMAGE]) {
      expect(await call(testEngineHost(), 'GET', `/images/${image}/json`)).toMatchObject({
        Config: { Cmd: ['sleep', 'infinity'] },
      });
    }
  });
});

describe('a scratch engine', () => {
  let engine: ScratchEngine;
  beforeAll(async () => {
    engine = await startScratchEngine();
  });
  afterAll(async () => {
    await engine.stop();
  });

  it('runs the test image and keeps what has a restart policy over a restart', async () => {
    await startContainer(engine.host, 'keeps', 'always');
    await startContainer(engine.host, 'ends');
    expect(await runningNames(engine.host)).toEqual(['/ends', '/keeps']);
    await engine.restart();
    expect(await runningNames(engine.host)).toEqual(['/keeps']);
  });

  it('does not answer while it is paused', async () => {
    engine.pause();
    // The signal takes effect a moment later.
    await eventually(async () => expect(await answers(engine.host, { timeoutMs: 200 })).toBe(false), {
      withinMs: 10_000,
    });
    engine.resume();
    expect(await answers(engine.host)).toBe(true);
  });

  it('leaves containers behind when killed, finds its data again, and nothing after a stop', async () => {
    engine.kill();
    await eventually(async () => expect(await answers(engine.host, { timeoutMs: 200 })).toBe(false), {
      withinMs: 10_000,
    });
    expect(leftovers(engine).processes).not.toEqual([]);
    await engine.start();
    expect(await runningNames(engine.host)).toEqual(['/keeps']);
    engine.kill();
    expect(await engine.stop()).toEqual({ processes: [], mounts: [] });
    expect(existsSync(engine.dir)).toBe(false);
  });
});
