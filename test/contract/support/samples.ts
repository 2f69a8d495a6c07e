import type { ContainerDefinition } from '../../../controller/model/engine-objects.js';

/** An entry of `GET /containers/json`, as Docker 20.10 writes it. */
export const LISTED = {
  Id: 'c0ffee',
  Names: ['/workspace-alice'],
  Image: 'base:1',
  ImageID: 'sha256:1',
  Command: 'sleep infinity',
  Created: 1,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 8080, PublicPort: 18080, Type: 'tcp' },
    { IP: '::', PrivatePort: 8080, PublicPort: 18080, Type: 'tcp' },
    { PrivatePort: 9090, Type: 'tcp' },
  ],
  Labels: { 'kalpana.workspace.id': 'alice' },
  State: 'running',
  Status: 'Up 2 minutes (healthy)',
  HostConfig: { NetworkMode: 'kalpana-workspaces' },
  NetworkSettings: { Networks: { 'kalpana-workspaces': { NetworkID: 'n1' } } },
  Mounts: [
    {
      Type: 'volume',
      Name: 'kalpana-workspace-alice',
      Source: '',
      Destination: '/workspace',
      Driver: 'local',
      RW: true,
    },
    { Type: 'bind', Source: '/srv/data', Destination: '/data', RW: false },
  ],
};

export const INSPECTED = {
  Id: 'c0ffee',
  Name: '/workspace-alice',
  Image: 'sha256:1',
  RestartCount: 2,
  Config: { Image: 'base:1', Labels: { 'kalpana.workspace.id': 'alice' }, Tty: false, Env: ['TOKEN=swordfish-1234'] },
  State: {
    Status: 'exited',
    ExitCode: 137,
    OOMKilled: true,
    Error: '',
    StartedAt: '2026-11-23T08:00:00.123456789Z',
    FinishedAt: '0001-01-01T00:00:00Z',
    Health: { Status: 'unhealthy' },
  },
  HostConfig: {
    Memory: 1048576,
    NanoCpus: 500000000,
    PidsLimit: null,
    RestartPolicy: { Name: '', MaximumRetryCount: 0 },
  },
  NetworkSettings: { Networks: {}, Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18080' }], '90/tcp': null } },
  Mounts: LISTED.Mounts,
};

export const DEFINITION: ContainerDefinition = {
  image: 'base:1',
  command: ['sleep', 'infinity'],
  hostname: 'alice',
  env: [],
  labels: { 'kalpana.managed': 'true' },
  mounts: [],
  ports: [],
  network: 'kalpana-workspaces',
  shmBytes: 0,
  limits: { nanoCpus: 0, memoryBytes: 0, pids: 0 },
  restartPolicy: 'unless-stopped',
  healthcheck: null,
};
