import { InvalidArgumentError, Option } from 'commander';
import { COMMIT_HOSTS } from '../../model/git.js';
import type { GitUrl } from '../../model/git-url.js';
import { parseInterval, parsePath, parseProvider, parseRef, parseSize, parseUrl } from './git-parsers.js';
import { parseBoolean, parseDnsLabel, parseDuration, parseText } from './parsers.js';

/** A git source as far as options have described it. */
export interface GitDraft {
  readonly url: GitUrl;
  /** The parsed values of its parts, by the part's `key`. */
  readonly values: Map<string, unknown>;
}

interface Part {
  /** The name in a configuration file. */
  readonly key: string;
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string) => unknown;
}

/** The settings of a source besides its address. */
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

/** The option `--git`, and the options that describe the `--git` before them. The variables configure one source. */
export function gitOptions(): Option[] {
  const drafts: GitDraft[] = [];
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

/** Reads the sources from `git` in a configuration file, a list of objects. Throws an InvalidArgumentError. */
export function gitFromConfig(value: unknown): readonly GitDraft[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError('Write a list of objects with "url".');
  return value.map((item: unknown, index) => {
    const where = `git[${index}]`;
    if (typeof item !== 'object' || item === null || !('url' in item) || typeof item.url !== 'string')
      throw new InvalidArgumentError(`${where} has no "url".`);
    const draft: GitDraft = { url: parseUrl(item.url), values: new Map() };
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
