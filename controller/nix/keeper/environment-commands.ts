import type { CallOptions } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import type { EnvironmentRequest } from '../packages/environment-key.js';
import { ENVIRONMENT_EXPRESSION } from '../packages/expression.js';
import { nixFailure } from '../packages/nix-failure.js';
import { createNixLog, shortName, type NixLog, type RealisationProgress } from '../packages/nix-log.js';
import { realisedFrom, type Realised } from './keeper-answers.js';
import { TOLD, type KeeperExec } from './keeper-exec.js';
import * as scripts from './scripts.js';

export interface Resolved {
  readonly derivation: string;
  /** The store paths and derivations that it would fetch or build, except the environment itself. */
  readonly wants: ReadonlySet<string>;
}

export interface RunningCommand {
  /** Ends the command; what was fetched until then stays in the store. */
  cancel(): void;
}

export interface Realisation {
  readonly request: EnvironmentRequest;
  readonly derivation: string;
  /** Called with the progress at each line of Nix's log. */
  readonly onProgress: (progress: RealisationProgress) => void;
  /** Called once the command can be cancelled. */
  readonly onStart: (command: RunningCommand) => void;
}

/**
 * Evaluates an environment and finds out which of its paths the store lacks. Throws a `FailureError` with Nix's
 * message.
 */
export async function resolveEnvironment(
  exec: KeeperExec,
  request: EnvironmentRequest,
  calls: CallOptions,
): Promise<Resolved> {
  const log = createNixLog();
  const answers: string[] = [];
  const env = {
    KALPANA_EXPRESSION: ENVIRONMENT_EXPRESSION,
    KALPANA_REQUEST: JSON.stringify(request),
    KALPANA_FETCH_LIST: fetchList(request),
  };
  const onLine = (line: string) =>
    void (line.startsWith(TOLD) ? answers.push(line.slice(TOLD.length)) : log.push(line));
  const code = await exec.run(scripts.RESOLVE_SCRIPT, scripts.COMMAND_USER, env, onLine, calls);
  const valuesOf = (name: string) =>
    answers.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  const derivation = valuesOf('derivation')[0];
  if (code !== 0 || derivation === undefined) throw new FailureError(nixFailure(log, 'resolve'));
  const outputs = valuesOf('out').map((line) => line.trim());
  const wants = new Set(outputs.filter((path) => path.startsWith('/nix/store/') && path !== derivation));
  refuseToBuildWhatWasRefused(valuesOf('refused'));
  refuseToBuildForLackOfACache(wants, log);
  return { derivation, wants };
}

/** Fetches and builds what a resolved environment lacks. Throws a `FailureError` with Nix's message. */
export async function realiseEnvironment(
  exec: KeeperExec,
  { request, derivation, onProgress, onStart }: Realisation,
  calls: CallOptions,
): Promise<Realised> {
  const log = createNixLog();
  const answers: string[] = [];
  const onLine = (line: string) => {
    if (!line.startsWith(TOLD)) {
      log.push(line);
      return onProgress(log.progress());
    }
    const words = line.slice(TOLD.length);
    const pid = /^pid (\d+)$/.exec(words)?.[1];
    if (pid !== undefined) onStart({ cancel: () => cancelCommand(exec, pid, calls) });
    answers.push(words);
  };
  const env = { KALPANA_KEY: request.key, KALPANA_DERIVATION: derivation, KALPANA_FETCH_LIST: fetchList(request) };
  const code = await exec.run(scripts.REALISE_SCRIPT, scripts.COMMAND_USER, env, onLine, calls);
  if (code !== 0) throw new FailureError(nixFailure(log, 'realise'));
  return realisedFrom(answers, log.fetched());
}

function cancelCommand(exec: KeeperExec, pid: string, calls: CallOptions): void {
  const env = { KALPANA_PID: pid };
  // A command that cannot be cancelled ends by itself.
  exec.run(scripts.CANCEL_SCRIPT, scripts.COMMAND_USER, env, () => undefined, calls).catch(() => undefined);
}

/**
 * The file with the list of paths to fetch, written by `resolve` and read by `realise`: the list is too long for an
 * argument.
 */
function fetchList({ key }: EnvironmentRequest): string {
  return `/nix/var/kalpana/home/${key}.fetch`;
}

/**
 * Builds nothing that a substituter might have, but does not let us ask for. `refused` are the lines of `resolve.sh`: a
 * status, an address, and the path if the answer concerns only one.
 */
function refuseToBuildWhatWasRefused(refused: readonly string[]): void {
  const [first] = refused;
  if (first === undefined) return;
  const [status = '', url = '', path = ''] = first.split(' ');
  // The address may have a password in it.
  const substituter = /^(\w+:\/\/)(?:[^/@]*@)?([^/]+)/.exec(url)?.slice(1).join('') ?? 'a substituter';
  const what = path === '' ? '' : ` for ${shortName(path)}`;
  throw new FailureError({ reason: 'SubstituterRefused', message: `${substituter} answers HTTP ${status}${what}` });
}

const CACHE_AWAY =
  /unable to download|disabling binary cache|couldn't connect|could not connect|does not appear to be a binary cache/i;

/**
 * Builds nothing when a binary cache could not be reached. A short outage of a binary cache must not make Nix build
 * everything from source.
 */
function refuseToBuildForLackOfACache(wants: ReadonlySet<string>, log: NixLog): void {
  const wantsBuilds = [...wants].some((path) => path.endsWith('.drv'));
  const isCacheAway = log.messages().some((message) => CACHE_AWAY.test(message));
  if (wantsBuilds && isCacheAway) throw new FailureError(nixFailure(log, 'realise'));
}
