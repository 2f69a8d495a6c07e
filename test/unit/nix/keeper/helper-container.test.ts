import { describe, expect, it } from '@jest/globals';
import { EngineError, type EngineFailureKind } from '../../../../controller/docker/port.js';
import type { ContainerDefinition } from '../../../../controller/model/engine-objects.js';
import { createAnew, HELPER_CONTAINER, isConflict } from '../../../../controller/nix/keeper/helper-container.js';
import { portOf } from '../fake-port.js';

const error = (kind: EngineFailureKind) => new EngineError(kind, 'createContainer', kind);
const definition: ContainerDefinition = {
  image: 'image:1',
  command: [],
  hostname: 'helper',
  env: [],
  labels: {},
  mounts: [],
  ...HELPER_CONTAINER,
};

/** An engine whose creations end as `ends` says, one after the other. */
function engine(ends: readonly (string | Error)[]) {
  const asked: string[] = [];
  const left = [...ends];
  const port = portOf({
    async createContainer(name) {
      asked.push(`create ${name}`);
      const end = left.shift();
      if (end === undefined || end instanceof Error) throw end;
      return end;
    },
    removeContainer: async (name, force) => void asked.push(`remove ${name} ${force}`),
  });
  return { asked, port };
}

describe('a helper', () => {
  it('reaches nobody, and nobody restarts it', () => {
    expect(HELPER_CONTAINER).toMatchObject({ network: 'none', restartPolicy: 'no', ports: [] });
  });

  it('has bounds', () => {
    const { limits, tmpfs } = HELPER_CONTAINER;
    for (const most of [limits.memoryBytes, limits.pids, ...tmpfs.map(({ sizeBytes }) => sizeBytes)])
      expect(most).toBeGreaterThan(0);
  });

  it('is made at once where its name is free', async () => {
    const { asked, port } = engine(['id-1']);
    expect(await createAnew(port, 'helper', definition, {})).toBe('id-1');
    expect(asked).toEqual(['create helper']);
  });

  it('takes the place of one that was left', async () => {
    const { asked, port } = engine([error('conflict'), 'id-2']);
    expect(await createAnew(port, 'helper', definition, {})).toBe('id-2');
    expect(asked).toEqual(['create helper', 'remove helper true', 'create helper']);
  });

  it.each<[string, readonly Error[], readonly string[]]>([
    ['cannot be made', [error('not-found')], ['create helper']],
    [
      'is in the way once more',
      [error('conflict'), error('conflict')],
      ['create helper', 'remove helper true', 'create helper'],
    ],
  ])('that %s is a failure, and nothing else is removed', async (_what, ends, expected) => {
    const { asked, port } = engine(ends);
    await expect(createAnew(port, 'helper', definition, {})).rejects.toBe(ends.at(-1));
    expect(asked).toEqual(expected);
  });

  it.each([
    [error('conflict'), true],
    [error('rejected'), false],
    [new Error('conflict'), false],
    [null, false],
  ])('%s is a conflict: %s', (what, expected) => expect(isConflict(what)).toBe(expected));
});
