import type { GitFailure, GitFailureReason, GitSettings } from '../../model/git.js';
import { AWAY } from './clone-faults.js';
import { GitError } from './git-command.js';
import { RefError } from './remote-ref.js';
import { SignatureError } from './verify-commit.js';

type Words = readonly [pattern: RegExp, remedy: (settings: GitSettings) => string];

/** Messages of git and ssh, and what a person can do about each. */
const REMEDIES: readonly Words[] = [
  [/couldn't find remote ref|no such remote ref/i, () => 'push it, or change --git-ref'],
  [
    /could not read Username|could not read Password|Authentication failed|returned error: 40[13]\b/i,
    ({ tokenFile }) =>
      tokenFile === null
        ? 'give a token with --git-token-file'
        : `check the token in ${tokenFile}, and what it may read`,
  ],
  [
    /Host key verification failed|Host key for .* has changed|host key .* known|REMOTE HOST IDENTIFICATION/i,
    ({ knownHostsFile }) => `check the server's key in ${knownHostsFile}`,
  ],
  [
    /Permission denied|Load key|UNPROTECTED PRIVATE KEY/i,
    ({ sshKeyFile, url }) =>
      url.scheme === 'ssh'
        ? `check the key ${sshKeyFile}: the server has to know it, and nobody else may read it`
        : 'make it readable for the controller',
  ],
  [/SSL|certificate/i, () => "name the authority's certificate with --git-ca-file"],
  [
    /does not appear to be a git repository|repository .*not found|not a git repository/i,
    () => 'check the address, and what the credentials may read',
  ],
  [AWAY, () => 'it is tried again'],
];

/** Converts an error of a poll into the failure of its source. */
export function failureOf(error: unknown, settings: GitSettings): GitFailure {
  if (error instanceof GitError) return fetchFailure(error, settings);
  if (error instanceof RefError) return found('RefMissing', error.message);
  return found(
    error instanceof SignatureError ? 'SignatureInvalid' : 'GitUnusable',
    error instanceof Error ? error.message : String(error),
  );
}

/** Why the server did not answer, and what a person can do about it. */
export function fetchFailure(error: GitError, settings: GitSettings): GitFailure {
  const where = settings.url.text;
  if (error.kind === 'missing')
    return found('GitUnusable', 'the git command is not installed: install git on the host of the controller');
  if (error.kind === 'too-large')
    return found(
      'CloneTooLarge',
      `${where} sends more than ${settings.maxBytes} bytes: make the repository smaller, or raise --git-max-size`,
    );
  if (error.kind === 'timeout') return found('FetchFailed', `${where} gave ${error.message}: it is tried again`);
  const said = `${error.message}\n${error.stderr}`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said))?.[1](settings);
  const isRef = REMEDIES[0]?.[0].test(said) === true;
  return found(
    isRef ? 'RefMissing' : 'FetchFailed',
    `${where} cannot be fetched: ${error.message}${remedy === undefined ? '' : `: ${remedy}`}`,
  );
}

function found(reason: GitFailureReason, message: string): GitFailure {
  return { reason, message, problems: [] };
}
