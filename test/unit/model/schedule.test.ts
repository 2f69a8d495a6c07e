import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readSchedule, rememberingReader } from '../../../controller/model/schedule.js';
import { cases } from '../../support/cases.js';
import type { Schedule } from '../../../controller/model/schedule.js';

const seed = 20260329;

function read(expression: string, timeZone: string): Schedule {
  const schedule = readSchedule(expression, timeZone);
  if ('error' in schedule) throw new Error(`${expression} in ${timeZone} ${schedule.error}`);
  return schedule;
}

const text = (at: number | null) => (at === null ? null : new Date(at).toISOString().replace(':00.000Z', 'Z'));
const ms = (at: string) => Date.parse(at);

/** All times from `from` on, before `to`. */
function timesOf(schedule: Schedule, from: string, to: string): (string | null)[] {
  const times: (string | null)[] = [];
  for (let at = schedule.next(ms(from) - 1); at !== null && at < ms(to); at = schedule.next(at)) times.push(text(at));
  return times;
}

describe('a schedule', () => {
  it.each<[string, string, string, string, string, string[]]>([
    [
      "once in the gap day, at the gap's end",
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T00:00Z',
      '2026-03-31T00:00Z',
      ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'once in the doubled hour, the first time',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T00:00Z',
      '2026-10-27T00:00Z',
      ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'a list likewise in the gap',
      '30 2,14 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      '2026-03-30T00:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T12:30Z'],
    ],
    [
      'a list likewise in the doubled hour',
      '30 2,14 * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      '2026-10-26T00:00Z',
      ['2026-10-25T00:30Z', '2026-10-25T13:30Z'],
    ],
    [
      "two that meet at the gap's end once",
      '0 2,3 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      '2026-03-30T00:00Z',
      ['2026-03-29T01:00Z'],
    ],
    [
      'every hour by elapsed time, across the gap',
      '0 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      '2026-03-29T03:00Z',
      ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T02:00Z'],
    ],
    [
      'every hour by elapsed time, in both passes',
      '0 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      '2026-10-25T03:00Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
    ],
    [
      "a step's times in the gap not at all",
      '0-59/30 2 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      '2026-03-30T01:00Z',
      ['2026-03-30T00:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'the gap of New York',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T06:00Z',
      '2026-03-09T12:00Z',
      ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
    ],
    [
      'the doubled hour of New York',
      '30 1 * * SUN',
      'America/New_York',
      '2026-10-25T00:00Z',
      '2026-11-09T00:00Z',
      ['2026-10-25T05:30Z', '2026-11-01T05:30Z', '2026-11-08T06:30Z'],
    ],
    [
      'half an hour beside the full one',
      '0 4 * * *',
      'Asia/Kolkata',
      '2026-03-28T00:00Z',
      '2026-03-30T00:00Z',
      ['2026-03-28T22:30Z', '2026-03-29T22:30Z'],
    ],
    [
      'a zone in small letters',
      '0 4 * * *',
      'europe/berlin',
      '2026-01-01T00:00Z',
      '2026-01-02T00:00Z',
      ['2026-01-01T03:00Z'],
    ],
    [
      'leap years',
      '0 4 29 2 *',
      'UTC',
      '2026-01-01T00:00Z',
      '2037-01-01T00:00Z',
      ['2028-02-29T04:00Z', '2032-02-29T04:00Z', '2036-02-29T04:00Z'],
    ],
    [
      'a leap day that is a Monday',
      '0 4 29 2 +MON',
      'UTC',
      '2026-01-01T00:00Z',
      '2050-01-01T00:00Z',
      ['2044-02-29T04:00Z'],
    ],
    [
      'the last day of a month',
      '0 4 L * *',
      'UTC',
      '2028-01-01T00:00Z',
      '2028-04-01T00:00Z',
      ['2028-01-31T04:00Z', '2028-02-29T04:00Z', '2028-03-31T04:00Z'],
    ],
    ['six fields', '30 0 4 * * *', 'UTC', '2026-01-01T00:00Z', '2026-01-02T00:00Z', ['2026-01-01T04:00:30.000Z']],
    [
      'a nickname',
      '@weekly',
      'UTC',
      '2026-01-01T00:00Z',
      '2026-01-12T00:00Z',
      ['2026-01-04T00:00Z', '2026-01-11T00:00Z'],
    ],
  ])('gives %s', (_what, expression, timeZone, from, to, times) => {
    expect(timesOf(read(expression, timeZone), from, to)).toEqual(times);
  });

  it('counts a time itself as before, and not as after', () => {
    const schedule = read('0 4 * * *', 'UTC');
    const at = ms('2026-01-02T04:00Z');
    expect(
      [at - 1, at, at + 1].map((moment) => [text(schedule.previous(moment)), text(schedule.next(moment))]),
    ).toEqual([
      ['2026-01-01T04:00Z', '2026-01-02T04:00Z'],
      ['2026-01-02T04:00Z', '2026-01-03T04:00Z'],
      ['2026-01-02T04:00Z', '2026-01-03T04:00Z'],
    ]);
  });

  it('looks back as it looks ahead', () => {
    const minutes = fc.constantFrom('0', '30', '*/15', '*', '0,30', '5-10', '59');
    const hours = fc.constantFrom('*', '0', '1', '2', '3', '2,14', '1-3', '*/2', '23', '0-23/3');
    const days = fc.constantFrom(
      '* * *',
      '1 * *',
      '31 * *',
      'L * *',
      '15W * *',
      '29 2 *',
      '* 3,10 *',
      '1-7 * +SUN',
      '* * SUN',
      '* * MON#2',
      '* * FRI#L',
    );
    // With gaps of half an hour, at midnight, of two hours, and of a whole day.
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'America/Sao_Paulo',
      'Africa/Cairo',
      'Asia/Beirut',
      'Antarctica/Troll',
      'Pacific/Apia',
      'Africa/Casablanca',
    );
    const moments = fc.date({ min: new Date('2011-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(
        minutes,
        hours,
        days,
        zones,
        moments,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (minute, hour, day, zone, moment, part) => {
          const schedule = read(`${minute} ${hour} ${day}`, zone);
          const first = schedule.next(moment.getTime()) ?? NaN;
          const second = schedule.next(first) ?? NaN;
          const between = Math.floor(first + part * (second - 1 - first));
          expect([first > moment.getTime(), second > first]).toEqual([true, true]);
          expect([first, between, second - 1, second].map((at) => text(schedule.previous(at)))).toEqual(
            [first, first, first, second].map(text),
          );
          expect(text(schedule.next(between))).toBe(text(second));
        },
      ),
      { seed, numRuns: cases(150, 4_000) },
    );
  });
});

describe('no schedule is', () => {
  const form = 'write minute, hour, day of month, month and day of week, e.g. "0 4 * * *"';
  const never = 'is never due, as no such day exists: choose another day of the month';
  it.each<[string, string]>([
    ['', `is not a cron expression, as it has 0 fields: ${form}`],
    ['daily', `is not a cron expression, as it has 1 field: ${form}`],
    ['0 4 * *', `is not a cron expression, as it has 4 fields: ${form}`],
    ['0 0 4 * * * 2026', `is not a cron expression, as it has 7 fields: ${form}`],
    ['2030-01-01', `is not a cron expression, as it has 1 field: ${form}`],
    ['2030-01-01T04:00:00', `is not a cron expression, as it has a ":": ${form}`],
    ['0 4 * * 10:00', `is not a cron expression, as it has a ":": ${form}`],
    ['@every 1 h x y', expect.stringContaining('is not a cron expression, configuration entry') as unknown as string],
    ['@fortnightly', expect.stringMatching(/^is not a cron expression, .*: write minute/) as unknown as string],
    [
      '@reboot',
      expect.stringMatching(
        /^is not a cron expression, @reboot is not supported .*: write minute/,
      ) as unknown as string,
    ],
    ['60 4 * * *', `is not a cron expression, invalid value for minute: ${form}`],
    ['0 24 * * *', `is not a cron expression, invalid value for hour: ${form}`],
    ['0 4 0 * *', `is not a cron expression, invalid value for day: ${form}`],
    ['0 4 * 13 *', `is not a cron expression, invalid value for month: ${form}`],
    [
      '0 4 * * MONN',
      `is not a cron expression, syntax error, a month or day name has to stand alone ('MONN'): ${form}`,
    ],
    ['0 4-2 * * *', `is not a cron expression, from value is larger than to value: '4-2': ${form}`],
    ['0\t4 * * *', `is not a cron expression, as it has other characters than printable ASCII: ${form}`],
    ['0 4 30 2 *', never],
    ['0 4 31 2,4,6,9,11 *', never],
  ])('%j', (expression, error) => expect(readSchedule(expression, 'Europe/Berlin')).toEqual({ error }));

  it.each(['', 'Nowhere', 'Europe/Berln', 'CEST', '+02:00', '-0500', 'Local', ' UTC'])('one in the zone %j', (zone) => {
    expect(readSchedule('0 4 * * *', zone)).toEqual({
      error: 'is not a time zone: use a name of the IANA database such as "Europe/Berlin", or "UTC"',
    });
  });

  it('whatever else is written', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '*',
        '?',
        'L',
        'W',
        '#',
        '/',
        '-',
        ',',
        '+',
        '0',
        '7',
        '31',
        '99',
        'MON',
        'FEB',
        '@',
        ' ',
        ' ',
        ' ',
        ':',
        '2020-01-01',
        'é',
        '\n',
      ),
      { maxLength: 24 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((parts) => parts.join('')),
        ),
        fc.constantFrom('UTC', 'Europe/Berlin'),
        (expression, zone) => {
          const schedule = readSchedule(expression, zone);
          if ('error' in schedule) expect(schedule.error).toMatch(/^[ -~]+$/);
          else expect(schedule.next(ms('2026-01-01'))).toBeGreaterThan(ms('2026-01-01'));
        },
      ),
      { seed, numRuns: cases(500, 15_000) },
    );
  });
});

describe('a reader that remembers', () => {
  it('parses again only what is another expression or another zone', () => {
    const read = rememberingReader();
    const first = read('0 4 * * *', 'UTC');
    expect(read('0 4 * * *', 'UTC')).toBe(first);
    const [otherTime, otherZone] = [read('0 5 * * *', 'UTC'), read('0 5 * * *', 'Europe/Berlin')];
    const nextOf = (schedule: typeof first) => ('error' in schedule ? schedule : schedule.next(ms('2026-01-01')));
    expect([first, otherTime, otherZone].map(nextOf)).toEqual([
      ms('2026-01-01T04:00:00Z'),
      ms('2026-01-01T05:00:00Z'),
      ms('2026-01-01T04:00:00Z'),
    ]);
    expect(read('0 5', 'UTC')).toEqual({ error: expect.stringMatching(/2 fields/) });
  });

  it('answers as one that does not, in any order, also where clocks change', () => {
    const changes = ['2026-03-29T00:00:00Z', '2026-10-25T00:00:00Z', '2026-12-31T22:00:00Z'].map(ms);
    const moments = fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -4_000_000, max: 14_000_000 }));
    const asked = fc.array(fc.tuple(fc.constantFrom('next', 'previous'), moments), { minLength: 2, maxLength: 8 });
    const expressions = ['*/7 * * * *', '30 2 * * *', '0-59/30 2 * * *', '0 0 1 1 *', '@hourly', '*/20 * * * * *'];
    fc.assert(
      fc.property(fc.constantFrom(...expressions), asked, (expression, questions) => {
        const plain = readSchedule(expression, 'Europe/Berlin');
        const remembering = rememberingReader()(expression, 'Europe/Berlin');
        if ('error' in plain || 'error' in remembering) throw new Error('not a schedule');
        for (const [way, [change, after]] of questions)
          expect(remembering[way](change + after)).toBe(plain[way](change + after));
      }),
      { seed, numRuns: cases(150, 5_000) },
    );
  });
});
