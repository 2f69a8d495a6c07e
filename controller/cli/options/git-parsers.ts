import { posix } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { COMMIT_HOSTS, type CommitStatusSettings } from '../../model/git.js';
import { parseGitUrl, type GitUrl } from '../../model/git-url.js';
import { parseSizeBytes } from '../../model/quantity.js';
import { parseDuration } from './parsers.js';

/**
 * Parses the address of a repository: https, ssh, file or a path. Throws an InvalidArgumentError, as all parsers here
 * do.
 */
export function parseUrl(text: string): GitUrl {
  const url = parseGitUrl(text);
  if ('error' in url) throw new InvalidArgumentError(`It ${url.error}.`);
  return url;
}

/** Parses a branch, a tag or a commit, in the form that `git check-ref-format` accepts. */
export function parseRef(text: string): string {
  const isGood =
    text !== '' && !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock$|\/\./.test(text) && text !== '@';
  if (isGood) return text;
  throw new InvalidArgumentError('It is no branch, tag or commit.');
}

/**
 * Parses a directory in the repository into a relative path without a slash at its end; empty for the whole repository.
 */
export function parsePath(text: string): string {
  const path = posix.normalize(text.replaceAll('\\', '/')).replace(/\/+$/, '');
  if (path.startsWith('/') || path === '..' || path.startsWith('../') || /[\u0000-\u001f]/.test(path))
    throw new InvalidArgumentError('Write the path of a directory in the repository, such as specs.');
  return path === '.' ? '' : path;
}

/** Parses a duration such as 60s, at least one second, into milliseconds. */
export function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1_000) throw new InvalidArgumentError('Write at least 1s: hooks are faster.');
  return ms;
}

/** Parses a size such as 256Mi, at least 1Mi, into bytes. */
export function parseSize(text: string): number {
  const bytes = parseSizeBytes(text);
  if (bytes !== null && bytes >= 1024 * 1024) return bytes;
  throw new InvalidArgumentError('Write a size such as 256Mi, at least 1Mi.');
}

/** Parses the kind of a host that shows the states of commits. */
export function parseProvider(text: string): CommitStatusSettings['provider'] {
  const provider = COMMIT_HOSTS.find((one) => one === text);
  if (provider !== undefined) return provider;
  throw new InvalidArgumentError(`Write ${COMMIT_HOSTS.join(', ')}.`);
}
