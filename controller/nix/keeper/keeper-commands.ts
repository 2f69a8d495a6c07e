import { EngineError, type CallOptions, type DockerPort } from '../../docker/port.js';
import type { Clock } from '../../model/clock.js';
import { FailureError, type Failure } from '../../model/reasons.js';
import type { EnvironmentRequest } from '../packages/environment-key.js';
import { ENVIRONMENT_EXPRESSION } from '../packages/expression.js';
import { createKeeperExec, SILENCE_MS, TOLD } from './keeper-exec.js';
import { createLinkSession } from '../packages/link-session.js';
import { nixFailure } from '../packages/nix-failure.js';
import { inventoryFrom, realisedFrom, type Inventory, type Realised } from './keeper-answers.js';
import { createNixLog, type RealisationProgress } from '../packages/nix-log.js';
import * as scripts from './scripts.js';

export interface Resolved {
  readonly derivation: string;
  /** Store paths and derivations that it would fetch or build, without the environment itself. */
  readonly wants: ReadonlySet<string>;
}

export interface RunningCommand {
  /** Ends it: what was fetched until then stays. */
  cancel(): void;
}

/** What the controller does in one running keeper. Failures of Nix are `FailureError`s, those of the engine `EngineError`s. */
export function createKeeperCommands(docker: DockerPort, keeperId: string, clock: Clock) {
  const session = createLinkSession(clock, (onInput, onTold, options) => {
    const onLine = (line: string) => (line.startsWith(TOLD) ? onTold(line.slice(TOLD.length)) : undefined);
    return docker.exec(
      keeperId,
      { command: ['/bin/sh', '-c', scripts.LINK_SESSION_SCRIPT], user: scripts.COMMAND_USER, onLine, onInput },
      options,
    );
  });

  const { run, told } = createKeeperExec(docker, keeperId);

  return {
    async inventory(options: CallOptions): Promise<Inventory> {
      return inventoryFrom(
        await told(scripts.INVENTORY_SCRIPT, scripts.ROOT_USER, {}, 'the Nix daemon does not answer', options),
      );
    },

    async resolve(request: EnvironmentRequest, options: CallOptions): Promise<Resolved> {
      const log = createNixLog();
      const lines: string[] = [];
      const env = {
        KALPANA_EXPRESSION: ENVIRONMENT_EXPRESSION,
        KALPANA_REQUEST: JSON.stringify(request),
        KALPANA_FETCH_LIST: fetchList(request),
      };
      const code = await run(
        scripts.RESOLVE_SCRIPT,
        scripts.COMMAND_USER,
        env,
        (line) => void (line.startsWith(TOLD) ? lines.push(line.slice(TOLD.length)) : log.push(line)),
        options,
      );
      const words = (name: string) =>
        lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
      const derivation = words('derivation')[0];
      if (code !== 0 || derivation === undefined) throw new FailureError(nixFailure(log, 'resolve'));
      const wants = new Set(
        words('out')
          .map((line) => line.trim())
          .filter((path) => path.startsWith('/nix/store/') && path !== derivation),
      );
      refuseToBuildForLackOfACache(wants, log);
      return { derivation, wants };
    },

    async realise(
      request: EnvironmentRequest,
      derivation: string,
      onProgress: (progress: RealisationProgress) => void,
      onStart: (command: RunningCommand) => void,
      options: CallOptions,
    ): Promise<Realised> {
      const log = createNixLog();
      const lines: string[] = [];
      const onLine = (line: string) => {
        if (!line.startsWith(TOLD)) {
          log.push(line);
          return onProgress(log.progress());
        }
        const words = line.slice(TOLD.length);
        const pid = /^pid (\d+)$/.exec(words)?.[1];
        if (pid !== undefined) onStart({ cancel: () => cancel(pid, options) });
        lines.push(words);
      };
      const env = { KALPANA_KEY: request.key, KALPANA_DERIVATION: derivation, KALPANA_FETCH_LIST: fetchList(request) };
      const code = await run(scripts.REALISE_SCRIPT, scripts.COMMAND_USER, env, onLine, options);
      if (code !== 0) throw new FailureError(nixFailure(log, 'realise'));
      return realisedFrom(lines, log.fetched());
    },

    keeperId,
    /** Makes ready for links to come; until then, and where that fails, each is a command of its own. */
    expectLinks: (options: CallOptions): void => session.open(options.signal),
    /** The keeper is not to be asked any more. */
    leave: session.close,

    /**
     * One profile for each of `workspaces`. `onLinked` hears of each as soon as it points there, which may be twice: the
     * command's own end, and the engine's word for it, come a tenth of a start later.
     */
    async link(
      environment: string,
      workspaces: readonly string[],
      onLinked: (workspace: string) => void,
      options: CallOptions,
    ): Promise<void> {
      if (await session.link({ environment, workspaces, onLinked })) return;
      session.open(options.signal);
      const env = { KALPANA_ENVIRONMENT: environment, KALPANA_WORKSPACES: workspaces.join(' ') };
      await told(
        scripts.LINK_SCRIPT,
        scripts.COMMAND_USER,
        env,
        'the profile could not be switched',
        options,
        (line) => {
          if (line.startsWith('linked ')) onLinked(line.slice('linked '.length));
        },
      );
    },

    async measure(options: CallOptions): Promise<{ readonly bytes: number; readonly paths: number }> {
      const [line = ''] = await told(
        scripts.MEASURE_SCRIPT,
        scripts.ROOT_USER,
        {},
        'the store could not be measured',
        options,
      );
      const [, kibibytes = '0', paths = '0'] = line.split(' ');
      return { bytes: Number(kibibytes) * 1024, paths: Number(paths) };
    },

    /** `source` is a container of the image, in any state. */
    async importImage(source: string, imageId: string, options: CallOptions): Promise<number> {
      const image = bareImageId(imageId);
      const env = { KALPANA_IMAGE: image };
      const lines = await (async () => {
        await told(scripts.PREPARE_IMPORT_SCRIPT, scripts.ROOT_USER, env, 'the import could not be prepared', options);
        await docker.copyPath(
          { container: source, path: '/nix/store' },
          { container: keeperId, directory: `/nix/var/kalpana/import/${image}/nix` },
          options,
        );
        return told(scripts.IMPORT_SCRIPT, scripts.ROOT_USER, env, 'the import failed', {
          ...options,
          deadlineMs: SILENCE_MS,
        });
      })().catch(async (error: unknown) => {
        await told(
          scripts.DROP_IMPORT_SCRIPT,
          scripts.ROOT_USER,
          env,
          'the import could not be dropped',
          options,
        ).catch(() => undefined);
        throw error;
      });
      return Number(lines.find((line) => line.startsWith('imported '))?.slice('imported '.length) ?? 0);
    },

    async release(imageIds: readonly string[], options: CallOptions): Promise<void> {
      await told(
        scripts.RELEASE_SCRIPT,
        scripts.ROOT_USER,
        { KALPANA_IMAGES: imageIds.map(bareImageId).join(' ') },
        'images could not be released',
        options,
      );
    },

    async requestWipe(options: CallOptions): Promise<void> {
      await told(scripts.WIPE_SCRIPT, scripts.ROOT_USER, {}, 'the cache could not be marked', options);
    },
  };

  function cancel(pid: string, options: CallOptions): void {
    // What cannot be cancelled ends by itself.
    run(scripts.CANCEL_SCRIPT, scripts.COMMAND_USER, { KALPANA_PID: pid }, () => undefined, options).catch(
      () => undefined,
    );
  }
}

export type KeeperCommands = ReturnType<typeof createKeeperCommands>;

/** From the look at what is missing to its realisation: an argument could not hold it. */
function fetchList({ key }: EnvironmentRequest): string {
  return `/nix/var/kalpana/home/${key}.fetch`;
}

export function bareImageId(imageId: string): string {
  return imageId.replace(/^sha256:/, '');
}

/** An engine failure in a keeper's command, as its users hear of it. */
export function commandFailure(error: unknown, cache: string): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof EngineError)
    return { reason: 'KeeperNotReady', message: `the keeper of the cache ${cache} went away: ${error.message}` };
  throw error;
}

/**
 * A binary cache that is away for a minute must not make Nix build a world from source: where one could not be asked,
 * nothing is built.
 */
function refuseToBuildForLackOfACache(wants: ReadonlySet<string>, log: ReturnType<typeof createNixLog>): void {
  const builds = [...wants].filter((path) => path.endsWith('.drv'));
  const away = log
    .messages()
    .some((message) => /unable to download|disabling binary cache|couldn't connect|could not connect/i.test(message));
  if (builds.length > 0 && away) throw new FailureError(nixFailure(log, 'realise'));
}
