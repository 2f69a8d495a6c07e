import type { CallOptions, DockerPort } from '../../docker/port.js';
import { FailureError, type Failure } from '../../model/reasons.js';

/** What our scripts say to us stands behind this. */
export const TOLD = 'kalpana: ';

const DAEMON_MS = 60_000;
/** A build may be silent for long; the connection's end is noticed at once. */
export const SILENCE_MS = 3_600_000;

type Variables = Readonly<Record<string, string>>;

export type KeeperExec = ReturnType<typeof createKeeperExec>;

/** Runs scripts in one container. Values come in variables, never as part of a script's text. */
export function createKeeperExec(docker: DockerPort, containerId: string) {
  /** Gives the exit code of the script, whatever it is; `onLine` hears all its lines. Throws an `EngineError`. */
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
   * Gives the lines that the script says to us; `onTold` hears them as they come. For scripts that fail only when
   * something is wrong with the keeper: then throws a `FailureError` that begins with `what`. Throws an `EngineError`
   * as well.
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
    const tell = (line: string) => {
      lines.push(line);
      if (line.startsWith(TOLD)) onTold(line.slice(TOLD.length));
    };
    const code = await run(script, user, env, tell, { deadlineMs: DAEMON_MS, ...options });
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

/** Whether this text of Nix, its database or a tool says that no more fits on the disk. */
export function isDiskFull(text: string): boolean {
  return /no space left|disk is full|disk quota exceeded/i.test(text);
}
