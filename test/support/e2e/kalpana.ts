import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from '@jest/globals';
import { askController } from '../../../controller/cli/client/control-client.js';
import type { RecordedEvent, WorkspaceStatus } from '../../../controller/model/status.js';
import type { SourceSummary } from '../../../controller/status/sources.js';
import { eventually } from './eventually.js';

/** The build under test; another one (an installed package) by its main.js. */
const MAIN = process.env['KALPANA_TEST_MAIN'] ?? fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A line of the controller's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface ProcessOptions {
  readonly host: string;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * File permissions hold for it, as they do for the user of a real installation: root gives up its right to pass over
   * them.
   */
  readonly heedsPermissions?: boolean;
}

const running = new Set<ChildProcess>();

// Also when a test failed before its own stop.
afterAll(async () => {
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
});

const WITHOUT_OVERRIDE = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all'];

function launch(args: readonly string[], { host, cwd, env, heedsPermissions = false }: ProcessOptions) {
  const { PATH = '', HOME = '' } = process.env;
  const prefix = heedsPermissions && process.getuid?.() === 0 ? WITHOUT_OVERRIDE : [];
  const [program = process.execPath, ...words] = [...prefix, process.execPath, MAIN, ...args];
  const child = spawn(program, words, {
    cwd,
    env: { PATH, HOME, DOCKER_HOST: host, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, out, err });
    });
  });
  return { child, finished, out: () => out, err: () => err };
}

/** Runs a command of the built product to its end. */
export function kalpanaCommand(args: readonly string[], options: ProcessOptions): Promise<Finished> {
  return launch(args, options).finished;
}

/** Gives all whole lines of a growing log; those that were there at the last look are not parsed again. */
function logReader(text: () => string): () => LogLine[] {
  const lines: LogLine[] = [];
  let read = 0;
  return () => {
    const end = text().lastIndexOf('\n') + 1;
    for (const line of text().slice(read, end).split('\n'))
      if (line.startsWith('{') && line.endsWith('}')) lines.push(JSON.parse(line) as LogLine);
    read = Math.max(read, end);
    return [...lines];
  };
}

export type Kalpana = ReturnType<typeof startController>;

/** Starts `kalpana run`; `stateDir` is the one in `args`. */
export function startController(args: readonly string[], stateDir: string, options: ProcessOptions) {
  const { child, finished, out, err } = launch(['run', ...args], options);
  const logs = logReader(err);
  const ask = async <T>(path: string): Promise<T> => (await askController(stateDir, path)).value as T;
  const status = (name: string) => ask<WorkspaceStatus>(`/api/v1/workspaces/${name}`);
  const condition = async (name: string, type = 'Ready') =>
    (await status(name)).conditions.find((one) => one.type === type);

  async function until(
    name: string,
    expected: { readonly phase?: string; readonly reason?: string; readonly message?: unknown },
    withinMs = 30_000,
  ): Promise<WorkspaceStatus> {
    return eventually(
      async () => {
        const now = await status(name);
        const ready = now.conditions?.find(({ type }) => type === 'Ready');
        const found = { phase: now.phase, reason: ready?.reason, message: ready?.message };
        expect(found).toEqual(expect.objectContaining(expected));
        return now;
      },
      { withinMs },
    );
  }

  return {
    pid: child.pid ?? 0,
    finished,
    out,
    err,
    logs,
    ask,
    status,
    condition,
    until,
    /** Waits until all of them are Ready. */
    async ready(...names: readonly string[]): Promise<void> {
      for (const name of names) await until(name, { phase: 'Ready' });
    },
    list: async () => await ask<{ items: WorkspaceStatus[]; held: string[] }>('/api/v1/workspaces'),
    events: async (name: string) => (await ask<{ items: RecordedEvent[] }>(`/api/v1/events?workspace=${name}`)).items,
    sources: async () => (await ask<{ items: SourceSummary[] }>('/api/v1/sources')).items,
    /** `http://host:port` of the TCP listener. */
    address: () =>
      eventually(
        () => {
          const line = logs().find(({ msg }) => msg === 'controller starts');
          expect(line).toBeDefined();
          return `http://${String(line?.['address'])}`;
        },
        { withinMs: 10_000 },
      ),
    log: (expected: Record<string, unknown>, withinMs = 20_000) =>
      eventually(
        () => {
          const lines = logs();
          expect(lines).toContainEqual(expect.objectContaining(expected));
          return lines.find((line) => Object.entries(expected).every(([key, value]) => line[key] === value));
        },
        { withinMs },
      ),
    /** Waits for so many more resyncs: what has not happened after them had its chance. */
    async resyncs(count: number): Promise<void> {
      const seen = () =>
        logs().filter(
          ({ msg, kind, trigger }) => msg === 'reconciled' && kind === 'shared' && String(trigger).includes('resync'),
        ).length;
      const before = seen();
      await eventually(() => expect(seen()).toBeGreaterThanOrEqual(before + count), { withinMs: 30_000 });
    },
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** SIGTERM, and its end. */
    async stop(): Promise<Finished> {
      child.kill('SIGTERM');
      return finished;
    },
    async kill(): Promise<Finished> {
      child.kill('SIGKILL');
      return finished;
    },
  };
}
