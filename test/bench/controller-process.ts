import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { nowMs } from './engine-watch.js';
import { BENCH_INSTANCE } from './specs.js';

export interface ControllerSettings {
  /** A main.js. */
  readonly main: string;
  readonly host: string;
  readonly specs: string;
  /** Empty at a cold start. */
  readonly stateDir: string;
  /** More options of `run`. */
  readonly args: readonly string[];
}

export interface OnceResult {
  /** The end of the first list of the engine, milliseconds since the epoch. */
  readonly firstListAtMs: number;
  readonly processMs: number;
}

interface LogLine {
  readonly time: string;
  readonly msg: string;
  readonly address?: string | null;
}

/** `run --once` to its end. */
export async function runOnce(settings: ControllerSettings): Promise<OnceResult> {
  const startedAt = nowMs();
  const { child, log, tail } = launch(settings, ['--once', '--listen', 'off']);
  const code = await new Promise((resolve) => child.on('close', resolve));
  const processMs = nowMs() - startedAt;
  if (code !== 0) throw new Error(`kalpana run --once ended with ${code}: ${tail()}`);
  return { firstListAtMs: Date.parse(lineOf(log, 'engine reached').time), processMs };
}

export interface RunningController {
  readonly pid: number;
  /** `host:port` of its listener. */
  readonly address: string;
  /** When its timers began, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** One scrape: values by `name{labels}`, without the prefix. */
  scrape(): Promise<ReadonlyMap<string, number>>;
  /** CPU time used so far, in milliseconds. */
  cpuMs(): number;
  residentBytes(): number;
  /** Until so many workspaces are Ready, and the cache. */
  ready(workspaces: number): Promise<void>;
  stop(): Promise<void>;
}

/** `run` in the foreground, given back once `ready` workspaces are Ready, and the one cache that the specs name. */
export async function startController(settings: ControllerSettings, ready: number): Promise<RunningController> {
  const { child, log, tail } = launch(settings, ['--listen', '127.0.0.1:0']);
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const pid = child.pid!;
  const scrape = async () => {
    const { address } = lineOf(log, 'controller starts');
    const answer = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(10_000) });
    return valuesOf(await answer.text());
  };
  const isReady = async (workspaces: number) => {
    const values = await scrape();
    return values.get('workspaces{phase="Ready"}') === workspaces && values.get('caches{phase="Ready"}') === 1;
  };
  const until = async (workspaces: number) => {
    const deadline = performance.now() + 120_000;
    for (;;) {
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`${workspaces} workspaces and their cache did not become Ready: ${tail()}`);
      if (log.some((line) => line.msg === 'controller starts') && (await isReady(workspaces))) return;
      await delay(200);
    }
  };
  const controller: RunningController = {
    pid,
    get address() {
      return lineOf(log, 'controller starts').address ?? '';
    },
    get startedAtMs() {
      return Date.parse(lineOf(log, 'controller starts').time);
    },
    scrape,
    cpuMs: () => cpuMsOf(pid),
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    ready: until,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
  try {
    await until(ready);
    return controller;
  } catch (error) {
    await controller.stop();
    throw error;
  }
}

function launch(
  settings: ControllerSettings,
  args: readonly string[],
): { child: ChildProcess; log: LogLine[]; tail: () => string } {
  const { main, specs, stateDir, host } = settings;
  const all = [
    main,
    'run',
    '--specs',
    specs,
    '--state-dir',
    stateDir,
    '--instance',
    BENCH_INSTANCE,
    ...args,
    ...settings.args,
  ];
  const env = { PATH: process.env['PATH'], HOME: stateDir, DOCKER_HOST: host };
  const child = spawn(process.execPath, all, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const log: LogLine[] = [];
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = line;
    if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
  });
  return { child, log, tail: () => last };
}

function lineOf(log: readonly LogLine[], message: string): LogLine {
  const line = log.find(({ msg }) => msg === message);
  if (line === undefined) throw new Error(`the controller's log has no line '${message}'`);
  return line;
}

function valuesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith('kalpana_'));
  return new Map(
    lines.map((line) => [
      line.slice('kalpana_'.length, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** proc(5): utime and stime are the fields 14 and 15, in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
