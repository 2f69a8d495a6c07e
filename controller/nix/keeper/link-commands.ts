import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import { createLinkSession } from '../packages/link-session.js';
import { TOLD, type KeeperExec } from './keeper-exec.js';
import * as scripts from './scripts.js';

/** Switches of profiles: through a shell in the keeper that waits for them, or each by a command of its own. */
export function createLinkCommands(docker: Pick<DockerPort, 'exec'>, exec: KeeperExec, keeperId: string, clock: Clock) {
  const session = createLinkSession(clock, (onInput, onTold, calls) => {
    const onLine = (line: string) => (line.startsWith(TOLD) ? onTold(line.slice(TOLD.length)) : undefined);
    const command = ['/bin/sh', '-c', scripts.LINK_SESSION_SCRIPT];
    return docker.exec(keeperId, { command, user: scripts.COMMAND_USER, onLine, onInput }, calls);
  });

  return {
    /** Makes ready for links to come, in the background; where that fails, each link is a command of its own. */
    expectLinks: (calls: CallOptions): void => session.open(calls.signal),

    /** Ends what waits for links: the keeper is not to be asked any more. */
    leave: (): void => session.close(),

    /**
     * Switches one profile for each of `workspaces` to the environment, a store path. `onLinked` hears of each profile
     * as soon as it points there, which may be twice: a command's own end and the engine's word for it come a tenth of
     * a start later. Throws a `FailureError` when not all are known to be switched.
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
