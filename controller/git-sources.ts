import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './model/clock.js';
import type { GitSettings } from './model/git.js';
import { createGit } from './source/git/git-command.js';
import { createGitSource, type GitSource, type GitSourceEvents } from './source/git/git-source.js';
import { loadSchemas } from './source/schema.js';

const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** The git sources of the command line, with their clones below `stateDir`. */
export function createGitSources(settings: readonly GitSettings[], { stateDir, env, clock, random, events }: { readonly stateDir: string; readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock; readonly random: () => number; readonly events: GitSourceEvents }): GitSource[] {
  if (settings.length === 0) return [];
  const directory = join(stateDir, 'git');
  const proxies = Object.fromEntries(PROXIES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  const git = createGit({ path: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', home: directory, proxies });
  const schemas = loadSchemas();
  return settings.map((one) => createGitSource({ settings: one, directory, git, schemas, clock, random, events }));
}

/** The shared secret of a source's hooks; null: it takes none. Read each time: a file may be replaced. */
export async function hookSecret(settings: readonly GitSettings[], name: string): Promise<Buffer | null> {
  const file = settings.find((one) => one.name === name)?.webhookSecretFile ?? null;
  return file === null ? null : Buffer.from(await secretIn(file));
}

/** One line break at the end belongs to the file, not to the secret. */
export async function secretIn(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
}
