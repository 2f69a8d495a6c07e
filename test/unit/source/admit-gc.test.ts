import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { GcConfig } from '../../../controller/model/gc-status.js';
import { formatProblem } from '../../../controller/source/parse/problem.js';
import { validatePaths } from '../../../controller/source/validate-paths.js';
import { cache, createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const messagesOf = (object: object): Promise<string[]> => fixture.messagesOf(object);

const form = 'write minute, hour, day of month, month and day of week, e.g. "0 4 * * *"';
const zone = 'is not a time zone: use a name of the IANA database such as "Europe/Berlin", or "UTC"';
const unbounded = 'leave the field out for no bound';
const duration = 'is not a duration; use e.g. "30m" or "7d"';
const size = 'is not a size; use e.g. "500Mi" or "20Gi"';
const known = 'schedule, timeZone, retain, grace, maxBytes, maxFreedPerRun, optimise, deadline, suspend';

describe('a collection with', () => {
  it.each<[string, object, string]>([
    ['an empty schedule', { schedule: '' }, `schedule: "" is not a cron expression, as it has 0 fields: ${form}`],
    [
      'a field too few',
      { schedule: '0 4 * *' },
      `schedule: "0 4 * *" is not a cron expression, as it has 4 fields: ${form}`,
    ],
    [
      'an hour too many',
      { schedule: '0 24 * * *' },
      `schedule: "0 24 * * *" is not a cron expression, invalid value for hour: ${form}`,
    ],
    [
      'a date',
      { schedule: '2030-01-01T04:00:00' },
      `schedule: "2030-01-01T04:00:00" is not a cron expression, as it has a ":": ${form}`,
    ],
    [
      'a line break in its schedule',
      { schedule: '0 4\n* * *' },
      `schedule: "0 4\\u000a* * *" is not a cron expression, as it has other characters than printable ASCII: ${form}`,
    ],
    [
      'a day that never comes',
      { schedule: '0 4 30 2 *' },
      'schedule: "0 4 30 2 *" is never due, as no such day exists: choose another day of the month',
    ],
    ['a schedule beyond all measure', { schedule: '0'.repeat(129) }, 'schedule: is too long: at most 128 characters'],
    ['a number for a schedule', { schedule: 4 }, 'schedule: must be a text in quotes, not a number'],
    [
      'a misspelt time zone',
      { timeZone: 'Europe/Berln' },
      'timeZone: "Europe/Berln" is not a time zone; did you mean "Europe/Berlin"?',
    ],
    [
      'a city for a time zone',
      { timeZone: 'new york' },
      'timeZone: "new york" is not a time zone; did you mean "America/New_York"?',
    ],
    ['a misspelt UTC', { timeZone: 'UCT0' }, 'timeZone: "UCT0" is not a time zone; did you mean "UTC"?'],
    ['a time zone of no place', { timeZone: 'Mars/Olympus' }, `timeZone: "Mars/Olympus" ${zone}`],
    ['no time zone', { timeZone: '' }, `timeZone: "" ${zone}`],
    ['an offset for a time zone', { timeZone: '+02:00' }, `timeZone: "+02:00" ${zone}`],
    ['retain without a unit', { retain: '7' }, `retain: "7" ${duration}`],
    ['retain in years', { retain: '1y' }, `retain: "1y" ${duration}`],
    ['a negative retain', { retain: '-1d' }, `retain: "-1d" ${duration}`],
    ['a long retain', { retain: '521w' }, 'retain: "521w" is too long: at most "520w"'],
    ['an endless retain', { retain: `${'9'.repeat(30)}w` }, `retain: "${'9'.repeat(30)}w" is too long: at most "520w"`],
    ['no deadline', { deadline: '0s' }, 'deadline: "0s" is too short: at least "10s"'],
    ['a short deadline', { deadline: '9.9s' }, 'deadline: "9.9s" is too short: at least "10s"'],
    ['a deadline that no timer holds', { deadline: '25d' }, 'deadline: "25d" is too long: at most "7d"'],
    ['a deadline in words', { deadline: 'half an hour' }, `deadline: "half an hour" ${duration}`],
    ['maxBytes of 0', { maxBytes: '0' }, `maxBytes: "0" is too small: ${unbounded}`],
    ['maxBytes of nearly 0', { maxBytes: '0.5' }, `maxBytes: "0.5" is too small: ${unbounded}`],
    ['maxBytes beyond all measure', { maxBytes: '9999Ti' }, `maxBytes: "9999Ti" is too large: ${unbounded}`],
    ['maxBytes in another spelling', { maxBytes: '20GiB' }, `maxBytes: "20GiB" ${size}`],
    ['a number for maxBytes', { maxBytes: 20 }, 'maxBytes: must be a text in quotes, not a number'],
    ['maxFreedPerRun of 0', { maxFreedPerRun: '0Gi' }, `maxFreedPerRun: "0Gi" is too small: ${unbounded}`],
    [
      'maxFreedPerRun beyond all measure',
      { maxFreedPerRun: '9999Ti' },
      `maxFreedPerRun: "9999Ti" is too large: ${unbounded}`,
    ],
    ['maxFreedPerRun in words', { maxFreedPerRun: 'all' }, `maxFreedPerRun: "all" ${size}`],
    ['a switch as a text', { suspend: 'no' }, 'suspend: must be true or false, not a text in quotes'],
    ['another spelling', { optimize: true }, 'optimize: unknown field; did you mean "optimise"?'],
    ['an unknown field', { verbosity: 3 }, `verbosity: unknown field; remove it; known here: ${known}`],
  ])('%s is refused with the remedy', async (_what, gc, message) => {
    expect(await messagesOf(cache('default', { gc }))).toEqual([`spec.gc.${message}`]);
  });

  it('several faults tells each, at its place', async () => {
    const file = fixture.write(
      'cache.json',
      cache('lab', { gc: { schedule: '0 4', timeZone: 'Berlin', deadline: '1s' } }),
    );
    expect((await validatePaths([file])).problems.map(formatProblem)).toEqual([
      `${file}:9:19: spec.gc.schedule: "0 4" is not a cron expression, as it has 2 fields: ${form}`,
      `${file}:10:19: spec.gc.timeZone: "Berlin" is not a time zone; did you mean "Europe/Berlin"?`,
      `${file}:11:19: spec.gc.deadline: "1s" is too short: at least "10s"`,
    ]);
  });

  it('a field of it one level up is told where that belongs', async () => {
    expect(await messagesOf(cache('default', { retain: '7d' }))).toEqual([
      'spec.retain: unknown field; did you mean "spec.gc.retain"?',
    ]);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['the least of all', { retain: '0s', deadline: '10s', maxBytes: '1', maxFreedPerRun: '1' }],
    ['the most of all', { retain: '520w', deadline: '7d', maxBytes: '8191Ti', maxFreedPerRun: '8191Ti' }],
    ['a nickname', { schedule: '@weekly', timeZone: 'America/Argentina/Buenos_Aires' }],
    ['six fields', { schedule: '30 0 4 * * MON-FRI' }],
    ['a zone by its newer name', { timeZone: 'Asia/Kolkata' }],
  ])('%s is accepted', async (_what, gc) => {
    expect(await messagesOf(cache('default', { gc }))).toEqual([]);
  });
});

describe('the duration of a healthcheck', () => {
  it.each(['1d', '1w', '0s', '5'])('is not %j', async (interval) => {
    expect(await messagesOf(workspace('alice', { healthcheck: { test: ['CMD', 'true'], interval } }))).toEqual([
      `spec.healthcheck.interval: "${interval}" is not a duration; use e.g. "10s" or "5m"`,
    ]);
  });
});

describe('a resolved collection', () => {
  const defaults: GcConfig = {
    schedule: '0 4 * * *',
    timeZone: 'UTC',
    retainMs: 604_800_000,
    graceMs: 86_400_000,
    maxBytes: null,
    maxFreedPerRun: null,
    optimise: false,
    deadlineMs: 1_800_000,
    suspend: false,
  };
  it.each<[string, object, Partial<GcConfig>]>([
    ['no field', {}, {}],
    ['a schedule', { schedule: '@daily' }, { schedule: '@daily' }],
    ['a time zone', { timeZone: 'Europe/Berlin' }, { timeZone: 'Europe/Berlin' }],
    ['retain', { retain: '2w' }, { retainMs: 1_209_600_000 }],
    ['retain of nothing', { retain: '0s' }, { retainMs: 0 }],
    ['a grace', { grace: '12h' }, { graceMs: 43_200_000 }],
    ['no grace', { grace: '0s' }, { graceMs: 0 }],
    ['maxBytes', { maxBytes: '20Gi' }, { maxBytes: 21_474_836_480 }],
    ['maxFreedPerRun', { maxFreedPerRun: '5G' }, { maxFreedPerRun: 5e9 }],
    ['optimise', { optimise: true }, { optimise: true }],
    ['a deadline', { deadline: '90s' }, { deadlineMs: 90_000 }],
    ['suspend', { suspend: true }, { suspend: true }],
  ])('with %s has the defaults for the others', async (_what, gc, change) => {
    fixture.write('cache.json', cache('lab', { gc }));
    const snapshot = await fixture.create({ stateDir: null }).scan();
    expect(snapshot.problems).toEqual([]);
    expect(snapshot.caches.get('lab')?.config.gc).toEqual({ ...defaults, ...change });
  });
});
