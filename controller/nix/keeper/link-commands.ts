import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import { createLinkSession } from '../packages/link-session.js';
import { TOLD, type KeeperExec } from './keeper-exec.js';
import * as scripts from './scripts.js';

/**
 * Switches profiles, through a shell in the keeper that waits for requests or, failing that, with a separate command.
 */
export function createLinkCommands(docker: Pick<DockerPort, 'exec'>, exec: KeeperExec, keeperId: string, clock: Clock) {
  const session = createLinkSession(clock, (onInput, onTold, calls) => {
    const onLine = (line: string) => (line.startsWith(TOLD) ? onTold(line.slice(TOLD.length)) : undefined);
    const command = ['/bin/sh', '-c', scripts.LINK_SESSION_SCRIPT];
    return docker.exec(keeperId, { command, user: scripts.COMMAND_USER, onLine, onInput }, calls);
  });

  return {
    /** Opens the session for links in the background. When that fails, each link runs as a separate command. */
    expectLinks: (calls: CallOptions): void => session.open(calls.signal),

    /** Closes the session, because the keeper must not be used any more. */
    leave: (): void => session.close(),

    /**
     * Switches one profile for each of `workspaces` to the environment, a store path. `onLinked` is called for each
     * profile as soon as it points there, and possibly twice: the end of the command, which the engine reports a tenth
     * of a start later, is not waited for. Throws a `FailureError` unless all profiles are known to be switched.
     */
    async link(
      environment: string,
      workspaces: readonly string[],
      onLinked: (workspace: string) => void,
      calls: CallOptions,
    ): Promise<void> {
      if (await session.link({ environment, workspaces, onLinked })) return;
      session.open(calls.signal);
      const env = { KALPANA_ENVIRONMENT: environment, KALPANA_WORKSPACES: workspaces.join(' ') };
      const what = 'the profile could not be switched';
      await exec.told(scripts.LINK_SCRIPT, scripts.COMMAND_USER, env, what, calls, (line) => {
        if (line.startsWith('linked ')) onLinked(line.slice('linked '.length));
      });
    },
  };
}
