import type { CallOptions, DockerPort } from '../../docker/port.js';
import { FailureError, type Failure } from '../../model/reasons.js';

/** The prefix of the lines that our scripts print for the controller. */
export const TOLD = 'kalpana: ';

const DAEMON_MS = 60_000;
/**
 * How long a script may print nothing, in ms. A build may be silent for an hour at most, and is then ended by Nix. A
 * lost connection is noticed at once.
 */
export const SILENCE_MS = 3_600_000 + 120_000;

type Variables = Readonly<Record<string, string>>;

export type KeeperExec = ReturnType<typeof createKeeperExec>;

/** Runs scripts in one container. Values are passed in variables, never as part of a script's text. */
export function createKeeperExec(docker: DockerPort, containerId: string) {
  /**
   * Runs a script and returns its exit code, whatever it is; `onLine` is called with each line. Throws an
   * `EngineError`.
   */
  async function run(
    script: string,
    user: string,
    env: Variables,
    onLine: (line: string) => void,
    options: CallOptions,
  ): Promise<number> {
    const { exitCode } = await docker.exec(
      containerId,
      { command: ['/bin/sh', '-c', script], user, env, onLine },
      { deadlineMs: SILENCE_MS, ...options },
    );
    return exitCode;
  }

  /**
   * Runs a script that fails only when something is wrong with the keeper. Returns the lines that the script prints for
   * us; `onTold` is called with each of them as it arrives. Throws a `FailureError` whose message begins with `what`
   * when the script fails, and an `EngineError` when the engine cannot run it.
   */
  async function told(
    script: string,
    user: string,
    env: Variables,
    what: string,
    options: CallOptions,
    onTold: (line: string) => void = () => undefined,
  ): Promise<string[]> {
    const lines: string[] = [];
    const collect = (line: string) => {
      lines.push(line);
      if (line.startsWith(TOLD)) onTold(line.slice(TOLD.length));
    };
    const code = await run(script, user, env, collect, { deadlineMs: DAEMON_MS, ...options });
    if (code !== 0) throw new FailureError(shellFailure(lines, what));
    return lines.flatMap((line) => (line.startsWith(TOLD) ? [line.slice(TOLD.length)] : []));
  }

  return { run, told };
}

function shellFailure(lines: readonly string[], what: string): Failure {
  const words = lines.filter((line) => !line.startsWith(TOLD) && line.trim() !== '').at(-1) ?? '';
  return {
    reason: isDiskFull(lines.join('\n')) ? 'CacheDiskFull' : 'KeeperNotReady',
    message: words === '' ? what : `${what}: ${words}`,
  };
}

/** Whether this text from Nix, its database or a tool says that the disk is full. */
export function isDiskFull(text: string): boolean {
  return /no space left|disk is full|disk quota exceeded/i.test(text);
}
