import { posix } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { COMMIT_HOSTS, type CommitStatusSettings, type GitSettings } from '../model/git.js';
import { parseGitUrl, type GitUrl } from '../model/git-url.js';
import { parseSizeBytes } from '../model/quantity.js';
import { parseBoolean, parseDnsLabel, parseDuration, parseText } from './parsers.js';

/** One source as far as it has been given. */
interface Draft {
  readonly url: GitUrl;
  readonly values: Map<string, unknown>;
}

interface Part {
  readonly key: string;
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string) => unknown;
}

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** What can be said of a source; in a configuration file by `key`. */
const PARTS: readonly Part[] = [
  {
    key: 'ref',
    flags: '--git-ref <ref>',
    description: "branch, tag or commit of the last --git (default: the server's HEAD)",
    parse: parseRef,
  },
  {
    key: 'path',
    flags: '--git-path <dir>',
    description: 'directory of specs in it (default: all of it)',
    parse: parsePath,
  },
  {
    key: 'name',
    flags: '--git-name <name>',
    description: "its name, in statuses and hooks (default: the repository's)",
    parse: parseDnsLabel,
  },
  {
    key: 'interval',
    flags: '--git-interval <duration>',
    description: 'time between two looks at the server (default: 60s)',
    parse: parseInterval,
  },
  {
    key: 'timeout',
    flags: '--git-timeout <duration>',
    description: 'longest wait for the server (default: 60s)',
    parse: parseDuration,
  },
  { key: 'maxSize', flags: '--git-max-size <size>', description: 'largest clone (default: 256Mi)', parse: parseSize },
  { key: 'user', flags: '--git-user <name>', description: 'sent with the token (default: kalpana)', parse: parseText },
  { key: 'tokenFile', flags: '--git-token-file <file>', description: 'token or password, for https', parse: parseText },
  { key: 'sshKeyFile', flags: '--git-ssh-key-file <file>', description: 'private key, for ssh', parse: parseText },
  {
    key: 'knownHostsFile',
    flags: '--git-known-hosts-file <file>',
    description: "the server's keys, for ssh",
    parse: parseText,
  },
  {
    key: 'caFile',
    flags: '--git-ca-file <file>',
    description: "certificates to trust in place of the system's, for https",
    parse: parseText,
  },
  {
    key: 'webhookSecretFile',
    flags: '--git-webhook-secret-file <file>',
    description: 'secret of POST /hooks/git/<name>',
    parse: parseText,
  },
  {
    key: 'ageIdentityFile',
    flags: '--git-age-identity-file <file>',
    description: 'age keys for the files that ageFile names in it',
    parse: parseText,
  },
  {
    key: 'verifySsh',
    flags: '--git-verify-ssh <file>',
    description: 'apply only commits that a key of this allowed-signers file has signed',
    parse: parseText,
  },
  { key: 'verifyGpg', flags: '--git-verify-gpg <file>', description: 'the same, of this keyring', parse: parseText },
  {
    key: 'status',
    flags: '--git-status <host>',
    description: `show what becomes of commits at ${COMMIT_HOSTS.join(', ')}`,
    parse: parseProvider,
  },
  { key: 'statusTokenFile', flags: '--git-status-token-file <file>', description: 'token for that', parse: parseText },
  {
    key: 'statusApi',
    flags: '--git-status-api <url>',
    description: "the API's address (default: from the repository's)",
    parse: parseText,
  },
  {
    key: 'statusRepository',
    flags: '--git-status-repository <path>',
    description: "the repository's path there (default: from its address)",
    parse: parseText,
  },
  { key: 'suspend', flags: '--git-suspend [boolean]', description: 'apply nothing new from it', parse: parseBoolean },
];

/** Each belongs to the `--git` before it. Their variables are for one source. */
export function gitOptions(): Option[] {
  const drafts: Draft[] = [];
  const begin = new Option('--git <url>', 'repository of specs: https, ssh, file or a path; give it again for more')
    .env('KALPANA_GIT')
    .argParser((text: string) => {
      drafts.push({ url: parseUrl(text), values: new Map() });
      return drafts;
    });
  const parts = PARTS.map(({ key, flags, description, parse }) => {
    const option = new Option(flags, description);
    return option
      .env(`KALPANA_${option.name().replaceAll('-', '_').toUpperCase()}`)
      .preset('true')
      .argParser((text: string) => {
        const last = drafts.at(-1);
        if (last === undefined) throw new InvalidArgumentError('It belongs to a --git before it.');
        last.values.set(key, parse(text));
        return text;
      });
  });
  return [begin, ...parts];
}

/** The `git` of a configuration file: a list of objects. Throws an InvalidArgumentError. */
export function gitFromConfig(value: unknown): readonly Draft[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError('Write a list of objects with "url".');
  return value.map((item: unknown, index) => {
    const where = `git[${index}]`;
    if (typeof item !== 'object' || item === null || !('url' in item) || typeof item.url !== 'string')
      throw new InvalidArgumentError(`${where} has no "url".`);
    const draft: Draft = { url: parseUrl(item.url), values: new Map() };
    for (const [key, text] of Object.entries(item).filter(([name]) => name !== 'url')) {
      const part = PARTS.find((one) => one.key === key);
      if (part === undefined) throw new InvalidArgumentError(`${where} has an unknown field '${key}'.`);
      if (!['string', 'number', 'boolean'].includes(typeof text))
        throw new InvalidArgumentError(`${where}.${key} has the wrong type.`);
      draft.values.set(key, part.parse(String(text)));
    }
    return draft;
  });
}

/** Checks what fields say together. */
export function readGit(command: Command): readonly GitSettings[] {
  const { git = [] } = command.opts<{ git?: readonly Draft[] }>();
  const settings = git.map((draft) => settle(draft, command));
  for (const [index, { name }] of settings.entries()) {
    if (settings.findIndex((one) => one.name === name) < index)
      command.error(`error: two git sources are called ${name}: name one with --git-name`);
  }
  return settings;
}

function settle({ url, values }: Draft, command: Command): GitSettings {
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

function statusOf(values: Draft['values'], complain: (message: string) => never): CommitStatusSettings | null {
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

/** The last part of the path, as a DNS label. */
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

function parseUrl(text: string): GitUrl {
  const url = parseGitUrl(text);
  if ('error' in url) throw new InvalidArgumentError(`It ${url.error}.`);
  return url;
}

/** As `git check-ref-format` has it. */
export function parseRef(text: string): string {
  const isGood =
    text !== '' && !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock$|\/\./.test(text) && text !== '@';
  if (isGood) return text;
  throw new InvalidArgumentError('It is no branch, tag or commit.');
}

function parsePath(text: string): string {
  const path = posix.normalize(text.replaceAll('\\', '/')).replace(/\/+$/, '');
  if (path.startsWith('/') || path === '..' || path.startsWith('../') || /[\u0000-\u001f]/.test(path))
    throw new InvalidArgumentError('Write the path of a directory in the repository, such as specs.');
  return path === '.' ? '' : path;
}

function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1_000) throw new InvalidArgumentError('Write at least 1s: hooks are faster.');
  return ms;
}

function parseSize(text: string): number {
  const bytes = parseSizeBytes(text);
  if (bytes !== null && bytes >= 1024 * 1024) return bytes;
  throw new InvalidArgumentError('Write a size such as 256Mi, at least 1Mi.');
}

function parseProvider(text: string): CommitStatusSettings['provider'] {
  const provider = COMMIT_HOSTS.find((one) => one === text);
  if (provider !== undefined) return provider;
  throw new InvalidArgumentError(`Write ${COMMIT_HOSTS.join(', ')}.`);
}
