import { describe, expect, it } from '@jest/globals';
import { createBody } from '../../../controller/docker/container-body.js';
import type { ContainerDefinition, Privileges } from '../../../controller/model/engine-objects.js';

const PLAIN: ContainerDefinition = {
  image: 'base:1',
  command: null,
  hostname: 'h',
  env: [],
  labels: {},
  mounts: [],
  ports: [],
  network: 'none',
  shmBytes: 0,
  limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
  restartPolicy: 'no',
  healthcheck: null,
};
const hostOf = (privileges?: Privileges) =>
  (createBody({ ...PLAIN, ...(privileges === undefined ? {} : { privileges }) }) as { HostConfig: object }).HostConfig;

describe('privileges of a container', () => {
  it('none are named for a plain one', () => {
    expect(Object.keys(hostOf()).sort()).toEqual([
      'Init',
      'Memory',
      'MemorySwap',
      'Mounts',
      'NanoCpus',
      'NetworkMode',
      'PidsLimit',
      'PortBindings',
      'RestartPolicy',
    ]);
  });

  it.each<[string, Partial<Privileges>]>([
    ['left out', {}],
    ['false', { hostPid: false }],
  ])('a helper stays among its own processes: hostPid %s', (_name, more) => {
    const helper = hostOf({ capabilities: ['CHOWN'], namespaces: false, ...more });
    expect(helper).toMatchObject({ CapDrop: ['ALL'], CapAdd: ['CHOWN'] });
    expect(helper).not.toHaveProperty('PidMode');
    expect(helper).not.toHaveProperty('UsernsMode');
  });

  it.each([false, true])(
    "the host's processes come with the host's users and nothing else (namespaces: %s)",
    (namespaces) => {
      const [plain, scanner] = [
        hostOf({ capabilities: [], namespaces }),
        hostOf({ capabilities: [], namespaces, hostPid: true }),
      ];
      expect(scanner).toEqual({ ...plain, PidMode: 'host', UsernsMode: 'host' });
    },
  );
});

it('file systems in memory are named with their bounds', () => {
  const tmpfs = [
    { target: '/tmp', sizeBytes: 1024, mode: '1777' },
    { target: '/run/ours', sizeBytes: 2048, mode: '1770', gid: 7 },
  ];
  expect(createBody({ ...PLAIN, tmpfs })).toMatchObject({
    HostConfig: { Tmpfs: { '/tmp': 'size=1024,mode=1777', '/run/ours': 'size=2048,mode=1770,gid=7' } },
  });
});

it('masked paths of our own come beside those that engines mask by themselves', () => {
  const { HostConfig: host } = createBody({ ...PLAIN, maskedPaths: ['/nix/var/log'] }) as {
    HostConfig: { MaskedPaths: string[] };
  };
  expect(host.MaskedPaths.at(-1)).toBe('/nix/var/log');
  expect(host.MaskedPaths).toEqual(expect.arrayContaining(['/proc/kcore', '/proc/keys', '/sys/firmware']));
});
