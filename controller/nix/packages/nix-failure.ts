import type { Failure, Reason } from '../../model/reasons.js';
import { shortName, type NixLog } from './nix-log.js';

export type Phase = 'resolve' | 'realise';

const LONGEST = 400;

/** Converts Nix's log into a failure whose message contains what a person needs to know (law 9). */
export function nixFailure(log: NixLog, phase: Phase): Failure {
  const messages = [...log.messages()];
  const text = messages.join('\n');
  return (
    diskFull(text) ??
    missing(text) ??
    collision(text) ??
    untrusted(text) ??
    refused(text) ??
    noSandbox(text) ??
    (phase === 'realise' ? corrupted(text) : null) ??
    unreachable(text) ??
    buildFailed(messages, log) ??
    failure(
      phase === 'resolve' ? 'PackageEvaluationFailed' : 'PackageFetchFailed',
      lastError(messages) ?? 'Nix gave no reason',
    )
  );
}

function failure(reason: Reason, message: string): Failure {
  const line = message.replace(/\s+/g, ' ').trim();
  return { reason, message: line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line };
}

function diskFull(text: string): Failure | null {
  const line = lineWith(text, /no space left on device|disk is full|disk quota exceeded/i);
  return line === null ? null : failure('CacheDiskFull', `the disk of the cache is full: ${withoutPrefix(line)}`);
}

function missing(text: string): Failure | null {
  const detail = /kalpana-missing: (.*)/.exec(text)?.[1];
  return detail === undefined ? null : failure('PackageNotFound', detail);
}

/**
 * Recognizes two packages that provide one file. Nix names the two files, but a person needs the names of the packages.
 */
function collision(text: string): Failure | null {
  if (!/conflict for the following files|have the same priority/.test(text)) return null;
  const paths = [...text.matchAll(/\/nix\/store\/[0-9a-z]{32}-[^\s'"/]+(\/[^\s'"]+)/g)].filter(
    ([path]) => !path.includes('kalpana-env-'),
  );
  const [first, second] = paths.map(([path, file]) => ({ name: shortName(path), file }));
  if (first === undefined || second === undefined) return failure('PackageCollision', 'two packages provide one file');
  return failure('PackageCollision', `${first.name} and ${second.name} both provide ${first.file ?? 'one file'}`);
}

function untrusted(text: string): Failure | null {
  const line = lineWith(text, /lacks a (valid )?signature|not signed by|is not signed|has no valid signature/i);
  if (line === null) return null;
  return failure('PackageUntrusted', `${namePaths(withoutPrefix(line))}`);
}

const REFUSED = new RegExp(
  "unable to download '(\\w+://)(?:[^/'@]*@)?([^/']+)" +
    "[^']*(?:\\.narinfo|/nix-cache-info|/nar/[^']*)': HTTP error (401|403|407)",
);

/** What a substituter does not let us have; Nix tells it of narinfos from 2.35 on. Other downloads are none of its. */
function refused(text: string): Failure | null {
  const answer = REFUSED.exec(text);
  if (answer === null) return null;
  const [, scheme = '', host = '', status = ''] = answer;
  return failure('SubstituterRefused', `${scheme}${host} answers HTTP ${status}`);
}

function noSandbox(text: string): Failure | null {
  const line = lineWith(text, /does not support the kernel namespaces/i);
  return line === null ? null : failure('SandboxUnavailable', "builds cannot have Nix's sandbox on this host");
}

const CORRUPTED = anyOf(
  'hash mismatch|size mismatch|corrupt|bad archive|unexpected end.?of.?file|truncated [a-z]|input is not',
  'compression error|decompress|failed to uncompress',
);
const UNREACHABLE = anyOf(
  "unable to download|unable to check|could not (connect|resolve)|couldn't (connect|resolve)",
  'connection (refused|timed out)|HTTP error|timeout was reached|stalled|cannot open connection',
  'some substitutes for the outputs|does not exist in binary cache|does not appear to be a binary cache',
  'there is no substituter that can build it|does not exist and cannot be created',
);
const BUILD_FAILED = anyOf(
  "builder for '.*' failed|build of '.*\\.drv[^']*' (failed|timed out)|Cannot build '",
  'failed to produce output|timed out after',
);

/** A regular expression that matches any of the alternatives, in upper or lower case. */
function anyOf(...alternatives: readonly string[]): RegExp {
  return new RegExp(alternatives.join('|'), 'i');
}

function corrupted(text: string): Failure | null {
  const line = lineWith(text, CORRUPTED);
  return line === null
    ? null
    : failure('PackageFetchFailed', `a substituter serves something broken, which was refused: ${named(line, text)}`);
}

function unreachable(text: string): Failure | null {
  const line = lineWith(text, UNREACHABLE);
  return line === null ? null : failure('PackageFetchFailed', named(line, text));
}

function buildFailed(messages: readonly string[], log: NixLog): Failure | null {
  const failed = messages.find((message) => BUILD_FAILED.test(message));
  if (failed === undefined) return null;
  const path = /'(\/nix\/store\/[^']+\.drv)'/.exec(failed)?.[1] ?? '';
  const output = log.buildLines().at(-1) ?? [...failed.matchAll(/^\s*>\s?(.*)$/gm)].at(-1)?.[1] ?? '';
  const how =
    /failed with exit code \d+|timed out[^;\n]*|failed due to signal \d+[^;\n]*|failed to produce output path/.exec(
      failed,
    )?.[0] ?? 'failed';
  return failure(
    'PackageBuildFailed',
    `the build of ${shortName(path) || 'a package'} ${how}${output === '' ? '' : `: ${output}`}`,
  );
}

/** The first line that matches, which leaves out Nix's stack trace. */
function lineWith(text: string, pattern: RegExp): string | null {
  return text.split('\n').find((line) => pattern.test(line)) ?? null;
}

/**
 * Adds the name of the package to a message, because Nix often names only an address in the line with the error and the
 * package in another line.
 */
function named(line: string, text: string): string {
  const words = namePaths(withoutPrefix(line));
  const names = [...text.matchAll(/(?:build of|derivation|path) '(\/nix\/store\/[^']+)'/g)].map(([, path = '']) =>
    shortName(path),
  );
  const name = names.findLast((one) => !one.startsWith('kalpana-env-'));
  return name === undefined || words.includes(name) ? words : `${name}: ${words}`;
}

function lastError(messages: readonly string[]): string | null {
  const lines = messages.flatMap((message) => message.split('\n')).map((line) => line.trim());
  const errors = lines.filter((line) => /^error: \S/.test(line));
  return withoutPrefix(errors.at(-1) ?? lines.findLast((line) => line !== '') ?? '') || null;
}

function withoutPrefix(line: string): string {
  return line
    .trim()
    .replace(/^(warning: |error: |error \(ignored\): )+/, '')
    .replace(/; retrying.*$/, '');
}

/** Replaces store paths with the name that follows their hash. */
function namePaths(text: string): string {
  return text.replace(/\/nix\/store\/[0-9a-z]{32}-([^\s'/]+)/g, '$1');
}
