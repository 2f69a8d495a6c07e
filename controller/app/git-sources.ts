import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanOptions } from '../cli/actions.js';
import { systemClock, type Clock } from '../model/clock.js';
import type { GitSettings, SourceAction } from '../model/git.js';
import { createGit, type Git } from '../source/git/git-command.js';
import { createGitSource, type GitSource } from '../source/git/git-source.js';
import type { GitSourceEvents } from '../source/git/git-sync.js';
import { readSecretFile } from './secret-file.js';
import type { Surroundings } from './surroundings.js';
import { loadSchemas } from '../source/check/schema.js';

const PROXIES = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
];

/** Creates the git sources given on the command line, with their clones below `stateDir`. */
export function createGitSources(
  settings: readonly GitSettings[],
  {
    stateDir,
    env,
    clock,
    random,
    events,
  }: {
    readonly stateDir: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly clock: Clock;
    readonly random: () => number;
    readonly events: GitSourceEvents;
  },
): GitSource[] {
  if (settings.length === 0) return [];
  const directory = join(stateDir, 'git');
  const git = gitCommand(directory, env);
  const schemas = loadSchemas();
  return settings.map((one) => createGitSource({ settings: one, directory, git, schemas, clock, random, events }));
}

/** Creates the git command with `home` as its home directory. It sees only the search path and the proxies of `env`. */
export function gitCommand(home: string, env: Readonly<Record<string, string | undefined>>): Git {
  const proxies = Object.fromEntries(PROXIES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  return createGit({ path: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', home, proxies });
}

/**
 * The shared secret of a source's webhooks, or null when the source accepts no webhooks. The file is read at each
 * request, because it may be replaced.
 */
export function hookSecret(settings: readonly GitSettings[], name: string): Promise<Buffer | null> {
  const file = settings.find((one) => one.name === name)?.webhookSecretFile ?? null;
  // When the secret cannot be read, every webhook is refused.
  return file === null
    ? Promise.resolve(null)
    : readSecretFile(file).then(
        (text) => Buffer.from(text),
        () => null,
      );
}

/**
 * Performs what a person requests of a git source; returns one line for that person, or null when there is no such
 * source.
 */
export async function actOnSource(
  sources: readonly GitSource[],
  name: string,
  action: SourceAction,
): Promise<string | null> {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) return null;
  if (action === 'suspend') {
    await source.suspend(true);
    return `${name} is suspended: nothing new is applied from it until kalpana source resume ${name}`;
  }
  if (action === 'resume') {
    await source.suspend(false);
    return `${name} is resumed`;
  }
  if (source.git().isSuspended) return `${name} is suspended, and is not looked at`;
  source.sync('request');
  return `${name} is looked at`;
}

/**
 * Reads each repository once for `use`, into temporary clones that are removed afterwards. The clones of a running
 * controller are not touched.
 */
export async function withGitSources<T>(
  options: Pick<PlanOptions, 'git'>,
  { env, signal }: Pick<Surroundings, 'env' | 'signal'>,
  use: (git: readonly GitSource[]) => Promise<T>,
): Promise<T> {
  const stateDir = await mkdtemp(join(tmpdir(), 'kalpana-plan-'));
  const quiet = { onFetch: () => undefined, onCommit: () => undefined };
  const git = createGitSources(options.git, { stateDir, env, clock: systemClock, random: Math.random, events: quiet });
  try {
    for (const source of git) source.start();
    await Promise.all(git.map((source) => untilSettled(source, signal)));
    return await use(git);
  } finally {
    await Promise.all(git.map((source) => source.stop()));
    await rm(stateDir, { recursive: true, force: true });
  }
}

function untilSettled(source: GitSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (source.isSettled() || signal.aborted) resolve();
    };
    source.subscribe(check);
    signal.addEventListener('abort', check, { once: true });
    check();
  });
}
