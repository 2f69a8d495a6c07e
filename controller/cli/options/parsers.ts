import { InvalidArgumentError } from 'commander';
import { MAX_PACKAGES, packageFault } from '../../model/package-name.js';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/**
 * Parsers for the texts of options. Each throws an `InvalidArgumentError` for an invalid text, which commander prints
 * as one line.
 */

/** Appends a text to the previous ones. */
export function parseList(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), parseText(text)];
}

/** Parses any text except an empty one. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Parses `true` or `1`, and `false` or `0`. */
export function parseBoolean(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new InvalidArgumentError('Write true or false.');
}

/** Parses a DNS label, which names instances, workspaces and sources. */
export function parseDnsLabel(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("Use a DNS label: lower-case letters, digits and '-', at most 63 characters.");
}

/** Checks `HOST:PORT` or `off`, and returns the text unchanged. */
export function parseListen(text: string): string {
  const port = /^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+):([0-9]{1,5})$/.exec(text)?.[1];
  if (text === 'off' || (port !== undefined && Number(port) <= 65_535)) return text;
  throw new InvalidArgumentError("Write HOST:PORT such as 127.0.0.1:9464 or [::1]:9464, or 'off'.");
}

/** Checks an http or https address, and returns the text unchanged. */
export function parseHttpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('Write an http or https address.');
}

/** Parses a number of seconds into milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.1 && seconds <= 86_400) return seconds * 1_000;
  throw new InvalidArgumentError('Write seconds between 0.1 and 86400.');
}

/** Parses a whole number from 1 to 256. */
export function parseConcurrency(text: string): number {
  const count = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= 256) return count;
  throw new InvalidArgumentError('Write a whole number between 1 and 256.');
}

/** Parses a duration such as 90s into milliseconds. */
export function parseDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  // Longer durations overflow a timer.
  if (ms > 0 && ms < 2 ** 31) return ms;
  throw new InvalidArgumentError('Write a duration such as 90s, 10m or 1h.');
}

/** Checks an image reference, in the form that the schema accepts. */
export function parseImage(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/.test(text) && text.length <= 512) return text;
  throw new InvalidArgumentError('Write an image reference: name, name:tag or name@digest.');
}

/** Parses packages separated by commas, with the checks for those of a spec. */
export function parsePackages(text: string): readonly string[] {
  const packages = text.split(',');
  if (packages.length > MAX_PACKAGES) throw new InvalidArgumentError(`There are more than ${MAX_PACKAGES} packages.`);
  for (const [index, one] of packages.entries()) {
    const fault = packageFault(one) ?? (packages.indexOf(one) < index ? 'stands twice: remove one of them' : null);
    if (fault) throw new InvalidArgumentError(`${JSON.stringify(one)} ${fault}.`);
  }
  return packages;
}
