import { call } from '../../../deploy/setup/engine-api.mjs';
import { PATIENCE } from './eventually.js';

/** What an inspect gives, as far as the tests look at it. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[];
    readonly Cmd: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: {
    readonly Init: boolean;
    readonly NetworkMode: string;
    readonly NanoCpus: number;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly ShmSize: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;
  };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly NetworkID: string }>> };
}

export interface Volume {
  readonly Name: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
}

export interface Shell {
  readonly code: number;
  readonly text: string;
}

/** A hand on an engine, as a person's with the docker command line: past the adapter under test. */
export function dockerOf(host: string) {
  const ask = <T>(method: string, path: string, body?: object): Promise<T> =>
    call(host, method, path, { body, idleMs: PATIENCE * 30_000 }) as Promise<T>;
  const orNull = <T>(answer: Promise<T>): Promise<T | null> =>
    answer.catch((error: { status?: number }) => {
      if (error.status === 404) return null;
      throw error;
    });
  const filters = (label: string) => `filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;

  async function container(name: string): Promise<Container> {
    return ask<Container>('GET', `/containers/${name}/json`);
  }

  /** Runs a program of the container's PATH, found by the engine: no shell is needed. */
  async function exec(name: string, command: readonly string[], user = ''): Promise<Shell> {
    const { Id } = await ask<{ Id: string }>('POST', `/containers/${name}/exec`, {
      Cmd: command,
      User: user,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
    });
    const text = await ask<string>('POST', `/exec/${Id}/start`, { Tty: true });
    const { ExitCode } = await ask<{ ExitCode: number }>('GET', `/exec/${Id}/json`);
    return { code: ExitCode, text: String(text).replaceAll('\r\n', '\n').trimEnd() };
  }

  const sh = (name: string, line: string, user?: string): Promise<Shell> => exec(name, ['sh', '-c', line], user);

  return {
    host,
    container,
    containerOrNull: (name: string) => orNull(container(name)),
    /** `docker ps -a` by label, as `name: state`, sorted. */
    async list(label: string): Promise<string[]> {
      const found = await ask<Listed[]>('GET', `/containers/json?all=1&${filters(label)}`);
      return found.map(({ Names, State }) => `${Names[0]?.slice(1)}: ${State}`).sort();
    },
    async ids(label: string): Promise<string[]> {
      return (await ask<Listed[]>('GET', `/containers/json?all=1&${filters(label)}`)).map(({ Id }) => Id);
    },
    async create(name: string, body: object): Promise<string> {
      return (
        await ask<{ Id: string }>('POST', `/containers/create?name=${name}`, { Image: 'kalpana/test:1', ...body })
      ).Id;
    },
    start: (name: string) => ask('POST', `/containers/${name}/start`),
    stop: (name: string) => ask('POST', `/containers/${name}/stop?t=5`),
    kill: (name: string) => ask('POST', `/containers/${name}/kill`),
    pause: (name: string) => ask('POST', `/containers/${name}/pause`),
    rename: (name: string, to: string) => ask('POST', `/containers/${name}/rename?name=${to}`),
    update: (name: string, body: object) => ask('POST', `/containers/${name}/update`, body),
    disconnect: (name: string, network: string) => ask('POST', `/networks/${network}/disconnect`, { Container: name }),
    remove: (name: string) => orNull(ask('DELETE', `/containers/${name}?force=1&v=1`)),
    logs: (name: string) => ask<string>('GET', `/containers/${name}/logs?stdout=1&stderr=1`),
    network: (name: string) =>
      ask<{ Labels: Record<string, string>; Options: Record<string, string> }>('GET', `/networks/${name}`),
    volume: (name: string) => orNull(ask<Volume>('GET', `/volumes/${name}`)),
    createVolume: (name: string, labels: Record<string, string>) =>
      ask<Volume>('POST', '/volumes/create', { Name: name, Labels: labels }),
    async volumes(label: string): Promise<string[]> {
      const { Volumes } = await ask<{ Volumes: Volume[] | null }>('GET', `/volumes?${filters(label)}`);
      return (Volumes ?? []).map(({ Name }) => Name).sort();
    },
    removeVolume: (name: string) => orNull(ask('DELETE', `/volumes/${name}?force=1`)),
    tag: (image: string, repo: string, tag: string) => ask('POST', `/images/${image}/tag?repo=${repo}&tag=${tag}`),
    untag: (image: string) => orNull(ask('DELETE', `/images/${image}?force=1&noprune=1`)),
    exec,
    /** Runs a line in a container's shell; as root, or as `user`. */
    sh,
    async read(name: string, path: string): Promise<string> {
      const { code, text } = await sh(name, `cat ${path}`);
      if (code !== 0) throw new Error(`cat ${path} in ${name}: ${text}`);
      return text;
    },
  };
}

export type Docker = ReturnType<typeof dockerOf>;
