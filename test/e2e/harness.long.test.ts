import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
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

// Of the tests' own engines. In each run every suite shows the test engine, outage a scratch engine that is killed,
// and test/unit/deploy how namespaces are found and left.

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

function namespaceOf(pid: number | string, kind: 'mnt' | 'net'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return null;
  }
}

/** The namespaces that an engine has to itself, such as `net:[4026532404]`. */
function ownNamespaces(pid: number): string[] {
  return (['mnt', 'net'] as const)
    .filter((kind) => namespaceOf(pid, kind) !== namespaceOf('self', kind))
    .map((kind) => namespaceOf(pid, kind) ?? '');
}

/** What keeps one of these namespaces: a process in it, or a mount of the network's. */
function keepersOf(namespaces: readonly string[]): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const inside = pids.filter((pid) =>
    (['mnt', 'net'] as const).some((kind) => namespaces.includes(namespaceOf(pid, kind) ?? '')),
  );
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...inside.map((pid) => `process ${pid}`),
    ...mounts.filter((line) => namespaces.some((name) => line.split(' ')[3] === name)),
  ];
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
    const namespaces = ownNamespaces(engine.pid() ?? 0);
    expect(keepersOf(namespaces)).toContain(`process ${engine.pid()}`);
    engine.kill();
    expect(await engine.stop()).toEqual({ processes: [], mounts: [] });
    expect(keepersOf(namespaces)).toEqual([]);
    expect(existsSync(engine.dir)).toBe(false);
  });
});
