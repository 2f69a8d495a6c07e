import type { GarbageCollection, Verification } from '../../model/nix-cache.generated.js';
import { parseDurationMs, parseSizeBytes } from '../../model/quantity.js';
import { readSchedule } from '../../model/schedule.js';
import { DEFAULT_CACHE_CONFIG } from './cache-defaults.js';
import { specIssue } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';
import { nearest } from './suggest.js';

const { schedule: GOOD_SCHEDULE, timeZone: GOOD_ZONE } = DEFAULT_CACHE_CONFIG.gc;

/** A timer can run for at most 24 days; with a longer deadline it would fire at once. */
const DURATIONS = { retain: { least: '0s', most: '520w' }, deadline: { least: '10s', most: '7d' } } as const;

/** Checks the rules for a cache's collection that a schema cannot express. The value must be valid by the schema. */
export function* admitGc(gc: GarbageCollection): Generator<Issue> {
  yield* admitTimes('gc', gc);
  yield* admitDuration('retain', gc.retain);
  yield* admitSize('maxBytes', gc.maxBytes);
  yield* admitSize('maxFreedPerRun', gc.maxFreedPerRun);
  yield* admitDuration('deadline', gc.deadline);
}

/** Checks the rules for a cache's verification that a schema cannot express. */
export function* admitVerify(verify: Verification): Generator<Issue> {
  yield* admitTimes('verify', verify);
}

type Times = Pick<GarbageCollection, 'schedule' | 'timeZone'>;

function* admitTimes(field: 'gc' | 'verify', times: Times): Generator<Issue> {
  const { schedule = GOOD_SCHEDULE, timeZone = GOOD_ZONE } = times;
  const read = readSchedule(schedule, GOOD_ZONE);
  if ('error' in read) yield specIssue([field, 'schedule'], `${quote(schedule)} ${read.error}`);
  const zone = readSchedule(GOOD_SCHEDULE, timeZone);
  if (!('error' in zone)) return;
  const meant = zoneMeant(timeZone);
  yield specIssue(
    [field, 'timeZone'],
    meant === null
      ? `${quote(timeZone)} ${zone.error}`
      : `${quote(timeZone)} is not a time zone; did you mean ${quote(meant)}?`,
  );
}

/** The time zone that was probably meant by a misspelt name or by the name of a city. */
function zoneMeant(name: string): string | null {
  const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
  const city = `/${name.toLowerCase().replaceAll(' ', '_')}`;
  return zones.find((zone) => zone.toLowerCase().endsWith(city)) ?? nearest(name, zones);
}

function* admitDuration(field: keyof typeof DURATIONS, text: string | undefined): Generator<Issue> {
  if (text === undefined) return;
  const { least, most } = DURATIONS[field];
  const ms = parseDurationMs(text);
  if (ms === null || ms > (parseDurationMs(most) ?? 0))
    yield issue(field, `${quote(text)} is too long: at most "${most}"`);
  else if (ms < (parseDurationMs(least) ?? 0)) yield issue(field, `${quote(text)} is too short: at least "${least}"`);
}

function* admitSize(field: 'maxBytes' | 'maxFreedPerRun', text: string | undefined): Generator<Issue> {
  if (text === undefined) return;
  const bytes = parseSizeBytes(text);
  const unbounded = 'leave the field out for no bound';
  if (bytes === null) yield issue(field, `${quote(text)} is too large: ${unbounded}`);
  else if (bytes < 1) yield issue(field, `${quote(text)} is too small: ${unbounded}`);
}

function issue(field: keyof GarbageCollection, message: string): Issue {
  return specIssue(['gc', field], message);
}
