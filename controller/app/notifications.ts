import type { RunOptions } from '../cli/actions.js';
import { readSecretFile } from './secret-file.js';
import type { Clock } from '../model/clock.js';
import { gitSourceId, type CommitState, type DeploymentEvent, type GitSettings } from '../model/git.js';
import type { Notified } from '../model/notified.js';
import { commitHost } from '../notify/commit-host.js';
import { createCommitStatuses } from '../notify/commit-statuses.js';
import { createNotifier } from '../notify/notifier.js';

/**
 * Sends messages about deployments to a webhook and to the hosts of commits. The methods return before a message is
 * delivered.
 */
export interface Notifications {
  notify(event: DeploymentEvent): void;
  showState(source: string, state: CommitState): void;
  /** Whether no message is waiting or being delivered. */
  idle(): boolean;
}

/**
 * Creates the notifications that the command line requests. Throws an error of one line when the host of commit
 * statuses cannot be derived.
 */
export function createNotifications(
  options: Pick<RunOptions, 'notify' | 'git' | 'instance'>,
  around: {
    readonly clock: Clock;
    readonly random: () => number;
    readonly signal: AbortSignal;
    readonly onResult: (facts: Notified) => void;
  },
): Notifications {
  const { notify: target, git, instance } = options;
  const secretFile = target?.secretFile ?? null;
  const notifier =
    target === null
      ? null
      : createNotifier({
          ...around,
          url: target.url,
          instance,
          secret: () => (secretFile === null ? Promise.resolve(null) : readSecretFile(secretFile)),
        });
  const hosts = new Map(git.flatMap((settings) => statusesOf(settings, instance, around)));
  return {
    notify: (event) => notifier?.send(event),
    showState: (source, state) => hosts.get(source)?.set(state),
    idle: () => notifier?.idle() !== false && [...hosts.values()].every((host) => host.idle()),
  };
}

function statusesOf(
  { name, url, status }: GitSettings,
  instance: string,
  around: Parameters<typeof createNotifications>[1],
) {
  if (status === null) return [];
  const { provider, tokenFile } = status;
  const host = commitHost(provider, url, status);
  if ('error' in host)
    throw new Error(`--git-status of ${name}: ${host.error} (--git-status-api, --git-status-repository)`);
  // The context names the instance, because several controllers may deploy one repository.
  const context = instance === 'default' ? `kalpana/${name}` : `kalpana/${instance}/${name}`;
  return [
    [
      gitSourceId(name),
      createCommitStatuses({ ...around, provider, ...host, context, token: () => readSecretFile(tokenFile) }),
    ] as const,
  ];
}
