import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { ContainerDefinition, ObservedContainer } from '../../../../controller/model/engine-objects.js';
import { CONTAINER_TYPE, LABEL, volumeProbeName } from '../../../../controller/model/names.js';
import {
  isLeftScanner,
  refuseBesideOthers,
  startScanner,
  volumeProbeDefinition,
} from '../../../../controller/nix/gc/scanner.js';
import { execBy, failureOf, portOf } from '../fake-port.js';
import { storePath } from '../../../support/gc/fake-run.js';
import { user } from '../samples.js';

const NAME = 'kalpana-nix-scanner-team';
const CONFLICT = new EngineError('conflict', 'createContainer', 'the name is in use');

/** A container with the scanner's name. */
const there = (
  instance: string,
  state: ObservedContainer['state'],
  type: string = CONTAINER_TYPE.scanner,
): ObservedContainer => ({
  ...user(NAME),
  state,
  labels: { [LABEL.type]: type, [LABEL.cacheOwner]: instance },
});

/** An engine with this container, on which a scan tells these lines; what it was asked is noted. */
function open(found: ObservedContainer | null = null, lines: readonly string[] = [], { isOthers = false } = {}) {
  const asked: string[] = [];
  const definitions: ContainerDefinition[] = [];
  let holder = found;
  const { commands, exec } = execBy(() => ({ lines }));
  const docker = portOf({
    async createContainer(name, definition) {
      if (holder !== null) throw CONFLICT;
      asked.push(`create ${name}`);
      definitions.push(definition);
      return 'id-new';
    },
    inspectContainer: async () => holder,
    async removeContainer(id) {
      asked.push(`remove ${id}`);
      // Another controller may be quicker with the next one.
      if (!isOthers) holder = null;
    },
    startContainer: async (id) => void asked.push(`start ${id}`),
    exec,
  });
  return {
    asked,
    commands,
    definitions,
    start: () => startScanner(docker, 'team', 'keeper', 'default', 1_500, {}),
    refuse: () => refuseBesideOthers(docker, 'team', 'default', {}),
  };
}

describe('the scanner of a cache', () => {
  it('sees the processes of the host, reads alone, reaches nobody, and ends by itself', async () => {
    const { start, asked, definitions } = open();
    await start();
    expect(asked).toEqual([`create ${NAME}`, 'start id-new']);
    expect(definitions).toMatchObject([
      {
        entrypoint: ['/bin/sh', '-c', 'sleep 2'],
        network: 'none',
        privileges: { hostPid: true, namespaces: false },
        mounts: [{ source: 'kalpana-nix-store-team', target: '/nix', readOnly: true }],
      },
    ]);
  });

  it.each<{ what: string; found: ObservedContainer }>([
    { what: 'of this controller, whatever it does', found: there('default', 'running') },
    { what: 'of another controller that has ended', found: there('other', 'exited') },
  ])('takes the place of one $what', async ({ found }) => {
    const { start, asked } = open(found);
    await start();
    expect(asked).toEqual([`remove ${found.id}`, `create ${NAME}`, 'start id-new']);
  });

  it.each<{ what: string; found: ObservedContainer; message: string }>([
    {
      what: 'of another controller that runs',
      found: there('other', 'running'),
      message: `the controller instance "other" is collecting this cache now: it has the container ${NAME}`,
    },
    {
      what: 'of another controller that is about to run',
      found: there('other', 'created'),
      message: `the controller instance "other" is collecting this cache now: it has the container ${NAME}`,
    },
    {
      what: 'that is somebody’s',
      found: there('other', 'exited', 'something'),
      message: `a container named ${NAME} exists and is no scanner of ours`,
    },
  ])('leaves one $what alone', async ({ found, message }) => {
    const { start, asked } = open(found);
    expect(await failureOf(start())).toEqual({ reason: 'GcBusy', message });
    expect(asked).toEqual([]);
  });

  it('gives way to another controller that is quicker', async () => {
    const { start, asked } = open(there('other', 'exited'), [], { isOthers: true });
    expect(await failureOf(start())).toMatchObject({ reason: 'GcBusy' });
    expect(asked).toEqual(['remove id-kalpana-nix-scanner-team']);
  });

  it.each<{ found: ObservedContainer | null; isRefused: boolean }>([
    { found: null, isRefused: false },
    { found: there('default', 'running'), isRefused: false },
    { found: there('other', 'exited'), isRefused: false },
    { found: there('other', 'running', 'something'), isRefused: false },
    { found: there('other', 'running'), isRefused: true },
  ])('refuses a collection beside it: $isRefused', async ({ found, isRefused }) => {
    const { refuse, asked } = open(found);
    const reason = await failureOf(refuse()).then(
      (failure) => failure.reason,
      () => null,
    );
    expect([reason, asked]).toEqual([isRefused ? 'GcBusy' : null, []]);
  });
});

describe('a scan', () => {
  it('tells what processes use, which cannot be read, and which containers show none', async () => {
    const [long, other] = ['a'.repeat(64), 'b'.repeat(64)];
    const { start, commands } = open(null, [
      'a line of the shell',
      `kalpana: path ${storePath('hello')}`,
      `kalpana: unreadable 7 ${long.slice(0, 32)} my program`,
      'kalpana: unreadable 8 - sh',
      `kalpana: unseen ${other.slice(0, 32)}`,
    ]);
    const scanner = await start();
    expect(await scanner.scan([long, other], {})).toEqual({
      paths: [storePath('hello')],
      unreadable: [
        { pid: '7', containerId: long.slice(0, 32), program: 'my program' },
        { pid: '8', containerId: null, program: 'sh' },
      ],
      unseen: [other],
    });
    expect(commands[0]?.env).toEqual({ KALPANA_CONTAINERS: `${long.slice(0, 32)} ${other.slice(0, 32)}` });
  });

  it('removes its own container, not whatever has its name by then', async () => {
    const { start, asked } = open();
    await (await start()).remove({});
    expect(asked.at(-1)).toBe('remove id-new');
  });
});

describe('a helper that was left', () => {
  it.each([
    { container: there('default', 'exited'), isLeft: true },
    { container: there('other', 'exited'), isLeft: false },
    { container: there('default', 'exited', CONTAINER_TYPE.keeper), isLeft: false },
  ])('by a killed controller: $isLeft', ({ container, isLeft }) => {
    expect(isLeftScanner(container, 'default')).toBe(isLeft);
  });

  it('may be the probe of a data volume, which is only read and never runs', () => {
    const probe = volumeProbeDefinition('team', 'keeper', 'default', 'kalpana-workspace-alice', '/workspace');
    expect(probe.entrypoint).toEqual(['/bin/true']);
    expect(probe.mounts.map(({ source, readOnly }) => [source, readOnly])).toEqual([
      ['kalpana-nix-store-team', true],
      ['kalpana-workspace-alice', true],
    ]);
    const labelled = { ...user('x'), labels: probe.labels };
    expect(isLeftScanner({ ...labelled, name: volumeProbeName('alice') }, 'default')).toBe(true);
    // An image may carry the same labels.
    expect(isLeftScanner({ ...labelled, name: 'workspace-alice' }, 'default')).toBe(false);
  });
});
