import type { Command } from 'commander';
import type { CommitStatusSettings, GitSettings } from '../../model/git.js';
import type { GitUrl } from '../../model/git-url.js';
import type { GitDraft } from './git-options.js';

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads the git sources of a command, with their defaults. Ends the command, by `command.error`, when settings
 * contradict each other or two sources have the same name.
 */
export function readGit(command: Command): readonly GitSettings[] {
  const { git = [] } = command.opts<{ git?: readonly GitDraft[] }>();
  const settings = git.map((draft) => settle(draft, command));
  for (const [index, { name }] of settings.entries()) {
    if (settings.findIndex((one) => one.name === name) < index)
      command.error(`error: two git sources are called ${name}: name one with --git-name`);
  }
  return settings;
}

function settle({ url, values }: GitDraft, command: Command): GitSettings {
  const get = <T>(key: string, otherwise: T): T => (values.has(key) ? (values.get(key) as T) : otherwise);
  const file = (key: string) => get<string | null>(key, null);
  const complain = (message: string): never => command.error(`error: --git ${url.text}: ${message}`);
  const tokenFile = file('tokenFile');
  if (tokenFile !== null && url.origin === null) complain('a token is for https: ssh takes --git-ssh-key-file');
  if (tokenFile !== null && url.scheme === 'http' && !url.isLoopback)
    complain('a token over http could be read by anybody: use https');
  if (url.scheme === 'ssh' && (file('sshKeyFile') === null || file('knownHostsFile') === null))
    complain('ssh needs --git-ssh-key-file and --git-known-hosts-file');
  const [ssh, gpg] = [file('verifySsh'), file('verifyGpg')];
  if (ssh !== null && gpg !== null) complain('give --git-verify-ssh or --git-verify-gpg, not both');
  return {
    name: get('name', nameOf(url) ?? complain('give it a name with --git-name')),
    url,
    ref: file('ref'),
    path: get('path', ''),
    intervalMs: get('interval', DEFAULT_INTERVAL_MS),
    timeoutMs: get('timeout', DEFAULT_TIMEOUT_MS),
    maxBytes: get('maxSize', DEFAULT_MAX_BYTES),
    user: get('user', 'kalpana'),
    tokenFile,
    sshKeyFile: file('sshKeyFile'),
    knownHostsFile: file('knownHostsFile'),
    caFile: file('caFile'),
    webhookSecretFile: file('webhookSecretFile'),
    ageIdentityFile: file('ageIdentityFile'),
    verify: ssh !== null ? { kind: 'ssh', file: ssh } : gpg !== null ? { kind: 'gpg', file: gpg } : null,
    status: statusOf(values, complain),
    suspend: get('suspend', false),
  };
}

function statusOf(values: GitDraft['values'], complain: (message: string) => never): CommitStatusSettings | null {
  const provider = values.get('status') as CommitStatusSettings['provider'] | undefined;
  if (provider === undefined) return null;
  const text = (key: string) => values.get(key) as string | undefined;
  return {
    provider,
    api: text('statusApi') ?? null,
    repository: text('statusRepository') ?? null,
    tokenFile: text('statusTokenFile') ?? complain('--git-status needs --git-status-token-file'),
  };
}

/** Derives a name from the last part of the address, as a DNS label; null when nothing is left of it. */
function nameOf(url: GitUrl): string | null {
  const last =
    url.text
      .replace(/\/+$/, '')
      .replace(/(\/\.git|\.git)$/, '')
      .split(/[/:]/)
      .at(-1) ?? '';
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? null : name;
}
