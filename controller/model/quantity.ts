/** Sizes and durations as specs contain them, and sizes for people. */

const KIBI = 1024;

/**
 * The units of Kubernetes: `Ki`, `Mi`, … are powers of 1024; `k` (or `K`), `M`, `G`, `T` are powers of 1000. The docker
 * CLI's `1g` is our `1Gi`.
 */
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  Ki: KIBI,
  Mi: KIBI ** 2,
  Gi: KIBI ** 3,
  Ti: KIBI ** 4,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Parses a size into whole bytes, rounded down; null when `text` is not a size or is larger than a number can represent
 * exactly.
 */
export function parseSizeBytes(text: string): number | null {
  const match = /^([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti|K|k|M|G|T)?$/.exec(text);
  const unit = SIZE_UNITS[match?.[2] ?? ''];
  if (!match?.[1] || unit === undefined) return null;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/**
 * Parses a duration into whole milliseconds, rounded down; a day has 24 hours. A schema may allow fewer units. Null
 * when `text` is not a duration or is longer than a number can represent exactly.
 */
export function parseDurationMs(text: string): number | null {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? ''];
  if (!match?.[1] || unit === undefined) return null;
  // Rounded to a nanosecond first, because 1.001 s is 1000.9999999999999 ms in floating point.
  const ms = Math.floor(Math.round(Number(match[1]) * unit * 1e6) / 1e6);
  return Number.isSafeInteger(ms) ? ms : null;
}

/**
 * Formats a size for people, in the largest binary unit that gives at least 1, with one decimal: `12.3 MiB`, `1.0 GiB`;
 * in whole bytes below a KiB: `0 B`.
 */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < KIBI) return `${Math.round(bytes)} B`;
  let rest = bytes / KIBI;
  let step = 0;
  // The rounded value is compared, because that is what is shown: 1023.96 KiB is 1.0 MiB.
  while (Math.round(rest * 10) / 10 >= KIBI && step < units.length - 1) {
    rest /= KIBI;
    step += 1;
  }
  return `${rest.toFixed(1)} ${units[step]}`;
}
