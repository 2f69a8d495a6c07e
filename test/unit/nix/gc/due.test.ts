import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GcConfig, GcTrigger } from '../../../../controller/model/gc-status.js';
import { readSchedule } from '../../../../controller/model/schedule.js';
import { gcDue } from '../../../../controller/nix/gc/due.js';
import { cases } from '../../../support/cases.js';
import type { DueInput } from '../../../../controller/nix/gc/due.js';
import { CONFIG } from '../samples.js';

const seed = 20261025;
const at = (text: string) => Date.parse(`2026-${text}Z`);
const GIB = 1024 ** 3;
const bound = { ...CONFIG.gc, maxBytes: 20 * GIB };

/** The cache is known since the 1st, the controller runs since the 9th, it is the 10th, 03:00: nothing is due. */
const QUIET: DueInput = {
  config: CONFIG.gc,
  now: at('06-10T03:00'),
  lastRunAt: at('06-09T04:00'),
  knownSince: at('06-01T00:00'),
  watchingSince: at('06-09T00:00'),
  storeBytes: null,
  lastOver: null,
};

describe('a collection', () => {
  it.each<[string, Partial<DueInput>, GcTrigger | null, string | null]>([
    ['waits for its time', {}, null, '06-10T04:00'],
    ['is due at its time', { now: at('06-10T04:00') }, 'schedule', '06-11T04:00'],
    ['is due later, when nobody looked', { now: at('06-10T17:00') }, 'schedule', '06-11T04:00'],
    [
      'is not due again once it began',
      { now: at('06-10T04:00:01'), lastRunAt: at('06-10T04:00') },
      null,
      '06-11T04:00',
    ],
    [
      'is due although a person ran one shortly before',
      { now: at('06-10T04:00'), lastRunAt: at('06-10T03:59') },
      'schedule',
      '06-11T04:00',
    ],
    ['that was missed is due', { now: at('06-10T09:00'), watchingSince: at('06-10T08:00') }, 'missed', '06-11T04:00'],
    [
      'that was missed often is due once',
      { now: at('06-10T09:00'), watchingSince: at('06-10T08:00'), lastRunAt: at('05-01T04:00') },
      'missed',
      '06-11T04:00',
    ],
    [
      'that was missed is made up for by any run after it',
      { now: at('06-10T09:00'), watchingSince: at('06-10T08:00'), lastRunAt: at('06-10T08:30') },
      null,
      '06-11T04:00',
    ],
    [
      "that was missed before the time of today is today's",
      { now: at('06-10T04:00'), watchingSince: at('06-10T04:00'), lastRunAt: at('06-08T04:00') },
      'schedule',
      '06-11T04:00',
    ],
    [
      'of a new cache owes nothing',
      { now: at('06-10T09:00'), watchingSince: at('06-10T09:00'), knownSince: at('06-10T09:00'), lastRunAt: null },
      null,
      '06-11T04:00',
    ],
    [
      'that never was is due by the first schedule',
      { now: at('06-11T04:00'), knownSince: at('06-10T09:00'), lastRunAt: null },
      'schedule',
      '06-12T04:00',
    ],
    [
      'that never was and was missed is due',
      { now: at('06-12T09:00'), watchingSince: at('06-12T08:00'), knownSince: at('06-10T09:00'), lastRunAt: null },
      'missed',
      '06-13T04:00',
    ],
    [
      'that is suspended is never due',
      { config: { ...bound, suspend: true }, now: at('06-10T09:00'), storeBytes: 30 * GIB },
      null,
      null,
    ],
    ['is not due when the clock was set back', { now: at('06-08T09:00') }, null, '06-10T04:00'],
    [
      'is not due on any day between, after that',
      { now: at('06-08T09:00'), lastRunAt: at('06-12T04:00'), watchingSince: at('06-12T00:00') },
      null,
      '06-13T04:00',
    ],
    [
      'of a cache of the future owes nothing',
      { now: at('06-08T09:00'), knownSince: at('06-12T04:00'), lastRunAt: null },
      null,
      '06-13T04:00',
    ],
    [
      'in a zone that the host does not know has no time',
      { config: { ...CONFIG.gc, timeZone: 'Mars/Olympus' } },
      null,
      null,
    ],
  ])('%s', (_what, change, trigger, next) => {
    expect(gcDue({ ...QUIET, ...change })).toEqual({ trigger, nextAt: next === null ? null : at(next) });
  });
});

describe('a store', () => {
  const over = (gib: number) => ({ at: at('06-09T04:10'), bytes: gib * GIB });
  it.each<[string, Partial<DueInput>, GcTrigger | null]>([
    ['within its bound is left alone', { storeBytes: 20 * GIB }, null],
    ['over its bound is collected', { storeBytes: 20 * GIB + 1 }, 'maxBytes'],
    ['of unknown size is left alone', { storeBytes: null }, null],
    ['without a bound is left alone', { config: CONFIG.gc, storeBytes: 900 * GIB }, null],
    ['that its roots keep over the bound is left alone', { storeBytes: 25 * GIB, lastOver: over(25) }, null],
    ['that has grown little since then is left alone', { storeBytes: 25.19 * GIB, lastOver: over(25) }, null],
    ['that has shrunk since then is left alone', { storeBytes: 22 * GIB, lastOver: over(25) }, null],
    ['that has grown since then is collected', { storeBytes: 25.21 * GIB, lastOver: over(25) }, 'maxBytes'],
    [
      'that its roots keep over the bound is collected by schedule',
      { now: at('06-10T04:00'), storeBytes: 25 * GIB, lastOver: over(25) },
      'schedule',
    ],
    [
      'whose bound was lowered is collected',
      { config: { ...bound, maxBytes: 10 * GIB }, storeBytes: 15 * GIB },
      'maxBytes',
    ],
    ['that was over a smaller bound only is collected', { storeBytes: 20.1 * GIB, lastOver: over(19.95) }, 'maxBytes'],
    [
      'over its bound is collected whatever the clock says',
      { now: at('06-08T09:00'), storeBytes: 25 * GIB },
      'maxBytes',
    ],
    [
      'over its bound is collected without a known zone',
      { config: { ...bound, timeZone: 'Mars/Olympus' }, storeBytes: 25 * GIB },
      'maxBytes',
    ],
  ])('%s', (_what, change, trigger) => expect(gcDue({ ...QUIET, config: bound, ...change }).trigger).toBe(trigger));
});

interface Look {
  readonly now: number;
  readonly watchingSince: number;
}

/**
 * When a controller looks, for a year: time and again as long as it runs, then not at all for a while. Spans in
 * minutes.
 */
function looksOf(spans: readonly { readonly up: number; readonly down: number; readonly pace: number }[]): Look[] {
  const looks: Look[] = [];
  let now = at('01-01T00:00');
  for (let turn = 0; now < at('12-31T00:00'); turn += 1) {
    const { up, down, pace } = spans[turn % spans.length]!;
    const watchingSince = now;
    for (const end = now + up * 60_000; now <= end; now += pace * 60_000) looks.push({ now, watchingSince });
    now += down * 60_000;
  }
  return looks;
}

describe('over a year with summer time', () => {
  const span = fc.record({
    up: fc.integer({ min: 0, max: 20_000 }),
    down: fc.integer({ min: 300, max: 6000 }),
    pace: fc.integer({ min: 60, max: 400 }),
  });
  const schedules = fc.constantFrom(
    '30 2 * * *',
    '0 4 * * *',
    '30 1,13 * * *',
    '0 */3 * * *',
    '0 3 * * SUN',
    '0 0 1 * *',
  );
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');

  it('each run answers times of its own, and each time is answered at the first look after it', () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), schedules, zones, (spans, schedule, timeZone) => {
        const config: GcConfig = { ...CONFIG.gc, schedule, timeZone };
        const looks = looksOf(spans);
        const start = looks[0]!.now;
        const times = timesOf(config, start, looks.at(-1)!.now);
        const [answers, wanted]: [string[], string[]] = [[], []];
        let lastRunAt: number | null = null;
        let answered = 0;
        for (const { now, watchingSince } of looks) {
          const { trigger, nextAt } = gcDue({
            config,
            now,
            lastRunAt,
            knownSince: start,
            watchingSince,
            storeBytes: null,
            lastOver: null,
          });
          if (trigger !== null) lastRunAt = now;
          const before = answered;
          while (answered < times.length && times[answered]! <= now) answered += 1;
          const due = answered === before ? null : times[answered - 1]! < watchingSince ? 'missed' : 'schedule';
          answers.push(`${now} ${trigger} ${nextAt}`);
          wanted.push(`${now} ${due} ${times[answered] ?? nextAt}`);
        }
        expect(answers).toEqual(wanted);
        expect(answered).toBe(times.length);
      }),
      { seed, numRuns: cases(2, 20) },
    );
  });
});

/** After `from`, up to `to`. */
function timesOf(config: GcConfig, from: number, to: number): number[] {
  const schedule = readSchedule(config.schedule, config.timeZone);
  if ('error' in schedule) throw new Error(schedule.error);
  const times: number[] = [];
  for (let time = schedule.next(from); time !== null && time <= to; time = schedule.next(time)) times.push(time);
  return times;
}
