import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { EngineError, type DockerPort } from '../../../controller/docker/port.js';
import { findPortHolder } from '../../../controller/observe/port-holder.js';
import { isStorageGone } from '../../../controller/observe/storage.js';
import { createEngineView } from '../../../controller/observe/engine-view.js';
import { containerDefinition } from '../../../controller/plan/definition.js';
import { createFakeEngine, type FakeEngine } from '../../support/engine/fake-engine.js';
import { createSimClock } from '../../support/sim/clock.js';
import { desiredWorkspace } from '../../support/sim/specs.js';

function engineWith(...names: string[]): FakeEngine {
  const engine = createFakeEngine({ clock: createSimClock() });
  for (const name of names)
    engine.hands.run(
      `workspace-${name}`,
      containerDefinition(desiredWorkspace(name, { image: 'app:1' }), 'default', [], null),
    );
  return engine;
}

function foreign(engine: FakeEngine, name: string): void {
  engine.hands.run(name, {
    ...containerDefinition(desiredWorkspace('x', { image: 'app:1' }), 'default', [], null),
    labels: {},
  });
}

describe('the view', () => {
  it('is one list a kind without a deep look, and an inspect of each of ours with one', async () => {
    const engine = engineWith('a', 'b');
    foreign(engine, 'web');
    const view = createEngineView(engine.connect().port);
    const verbs = () =>
      engine.calls
        .splice(0)
        .map(({ verb }) => verb)
        .sort();
    await view.relist(false, {});
    expect(verbs()).toEqual(['listContainers', 'listNetworks', 'listVolumes']);
    await view.relist(true, {});
    expect(verbs()).toEqual(['inspectContainer', 'inspectContainer', 'listContainers', 'listNetworks', 'listVolumes']);
    expect(view.workspaceNames()).toEqual(['a', 'b']);
  });

  it.each([
    [
      'labelled ours, under another name',
      'a',
      (engine: FakeEngine) => engine.hands.rename('workspace-a', 'mine'),
      ['mine'],
    ],
    ['foreign, under our name', 'c', (engine: FakeEngine) => foreign(engine, 'workspace-c'), ['workspace-c']],
    [
      'foreign, under our next name',
      'a',
      (engine: FakeEngine) => foreign(engine, 'workspace-a.next'),
      ['workspace-a', 'workspace-a.next'],
    ],
    ['gone', 'a', (engine: FakeEngine) => engine.state.containers.clear(), []],
  ])('shows a workspace what is %s, by a list and by a look of its own', async (_what, workspace, byHand, names) => {
    const engine = engineWith('a');
    byHand(engine);
    const view = createEngineView(engine.connect().port);
    const seen = () =>
      view
        .containersOf(workspace)
        .map(({ name }) => name)
        .sort();
    await view.relist(false, {});
    const listed = seen();
    await view.refreshWorkspace(workspace, {});
    expect([listed, seen()]).toEqual([names, names]);
  });

  it('keeps what an inspect showed as long as the state is the same', async () => {
    const engine = engineWith('a');
    const view = createEngineView(engine.connect().port);
    const inspected = async () => (await view.relist(false, {}), view.containersOf('a')[0]?.details !== null);
    await view.refreshWorkspace('a', {});
    expect(await inspected()).toBe(true);
    engine.hands.kill('workspace-a');
    expect(await inspected()).toBe(false);
  });

  it('does not let a list that began earlier overwrite a later look', async () => {
    const engine = engineWith('a');
    const { port } = engine.connect();
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow: DockerPort = {
      ...port,
      listContainers: async (filter, options) => {
        const listed = await port.listContainers(filter, options);
        if (filter?.workspace === undefined) await gate;
        return listed;
      },
    };
    const view = createEngineView(slow);
    const list = view.relist(false, {});
    await Promise.resolve();
    engine.hands.kill('workspace-a');
    await view.refreshWorkspace('a', {});
    release();
    await list;
    expect(view.containersOf('a').map(({ state }) => state)).toEqual(['exited']);
  });

  it('is left as it was when a list fails (law 2)', async () => {
    const engine = engineWith('a');
    const view = createEngineView(engine.connect().port);
    await view.relist(false, {});
    engine.goAway();
    await expect(view.relist(false, {})).rejects.toThrow('cannot be reached');
    expect(view.workspaceNames()).toEqual(['a']);
  });
});

describe("the data volume's directory", () => {
  const DAMAGED =
    'error evaluating symlinks from mount source "/x/volumes/v/_data": lstat /x/volumes/v/_data: no such file or directory';
  const answering = (error: EngineError | null) =>
    ({
      statPath: () => (error === null ? Promise.resolve(null) : Promise.reject(error)),
    }) as Partial<DockerPort> as DockerPort;

  it.each([
    ['there', null, false],
    ['gone', new EngineError('server', 'statPath', DAMAGED), true],
    ['unknown: the engine said something else', new EngineError('server', 'statPath', 'out of sorts'), false],
    ['unknown: the container is gone', new EngineError('not-found', 'statPath', 'No such container: c'), false],
  ])('is %s', async (_what, error, gone) =>
    expect(await isStorageGone(answering(error), 'c', '/workspace', {})).toBe(gone),
  );

  it.each(['unreachable', 'timeout', 'aborted'] as const)('an engine that is %s says nothing', async (kind) => {
    await expect(
      isStorageGone(answering(new EngineError(kind, 'statPath', 'away')), 'c', '/workspace', {}),
    ).rejects.toThrow('away');
  });
});

describe('who holds a port', () => {
  const proc = mkdtempSync(join(tmpdir(), 'kalpana-proc-'));
  afterAll(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, 'net'));
  const row = (port: number, state: string, inode: number) =>
    `  0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1`;
  writeFileSync(
    join(proc, 'net/tcp'),
    ['head', row(8080, '0A', 71), row(8081, '01', 72), row(8082, '0A', 73)].join('\n'),
  );
  writeFileSync(join(proc, 'net/udp'), ['head', row(53, '07', 74)].join('\n'));
  for (const [pid, name, inode] of [
    ['812', 'nginx', 71],
    ['9', 'dns', 74],
  ] as const) {
    mkdirSync(join(proc, pid, 'fd'), { recursive: true });
    writeFileSync(join(proc, pid, 'comm'), `${name}\n`);
    symlinkSync(`socket:[${inode}]`, join(proc, pid, 'fd/3'));
  }

  it.each([
    ['a process', 'tcp', 8080, 'process 812 (nginx)'],
    ['a process on UDP', 'udp', 53, 'process 9 (dns)'],
    ['nobody', 'tcp', 9999, null],
    ['nobody: a connection is no listener', 'tcp', 8081, null],
    ['nobody on the other protocol', 'udp', 8080, null],
    ['somebody who cannot be seen', 'tcp', 8082, 'a process that cannot be looked into'],
  ] as const)('%s', async (_what, protocol, hostPort, holder) =>
    expect(await findPortHolder({ protocol, hostPort }, proc)).toBe(holder),
  );

  it('nobody, where there is no /proc', async () =>
    expect(await findPortHolder({ protocol: 'tcp', hostPort: 1 }, join(proc, 'absent'))).toBeNull());
});
