import { Cron } from 'croner';

/**
 * The times of a cron expression in a time zone, in ms since the epoch; each is a whole second.
 *
 * When clocks change, a time of day that is written out (`30 2 * * *`, `30 2,14 * * *`) occurs exactly once a day: a
 * time that the day skips occurs at the end of the gap (03:00), and a time that the day has twice occurs the first time
 * only. A time with a wildcard or a step (`0 * * * *`, `0-59/30 2 * * *`) follows elapsed time instead: it does not
 * occur within a gap, and occurs in both passes of a doubled hour.
 */
export interface Schedule {
  /** The first time after `afterMs`; null when none can be computed. */
  next(afterMs: number): number | null;
  /** The latest time at or before `atMs`; null when none can be computed. */
  previous(atMs: number): number | null;
}

/**
 * The start of the search for a time. Any moment works, because an expression without a year that has a time at all has
 * one after every moment; a fixed one gives the same result every day.
 */
const ANY_MOMENT = new Date(Date.UTC(2000, 0, 1));
const FORM = 'write minute, hour, day of month, month and day of week, e.g. "0 4 * * *"';

/**
 * Parses a schedule. `expression` has five fields, or six with the second first, or is a nickname (`@daily`);
 * `timeZone` is a name from the IANA database. An `error` is worded to follow the quoted value that it is about: the
 * time zone if that is unknown, otherwise the expression.
 */
export function readSchedule(expression: string, timeZone: string): Schedule | { readonly error: string } {
  if (!isTimeZone(timeZone))
    return { error: 'is not a time zone: use a name of the IANA database such as "Europe/Berlin", or "UTC"' };
  const formError = formErrorOf(expression);
  if (formError !== null) return { error: `is not a cron expression, ${formError}: ${FORM}` };
  try {
    const cron = new Cron(expression, {
      timezone: timeZone,
      paused: true,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
    });
    // Croner reports some errors only when it is asked for a time.
    if (cron.nextRun(ANY_MOMENT) === null)
      return { error: 'is never due, as no such day exists: choose another day of the month' };
    return scheduleOf(cron);
  } catch (error) {
    return { error: `is not a cron expression, ${wordsOf(error)}: ${FORM}` };
  }
}

/** The type of `readSchedule`, and of a variant that remembers its result. */
export type ScheduleReader = typeof readSchedule;

/**
 * Creates a reader that works like `readSchedule`, but neither parses the same schedule again when it is read
 * repeatedly, nor computes its times again before the next of them.
 */
export function rememberingReader(): ScheduleReader {
  let last: { readonly key: string; readonly read: ReturnType<ScheduleReader> } | null = null;
  return (expression, timeZone) => {
    const key = JSON.stringify([expression, timeZone]);
    if (last?.key !== key) {
      const read = readSchedule(expression, timeZone);
      last = { key, read: 'error' in read ? read : remembering(read) };
    }
    return last.read;
  };
}

/** Between two times that follow each other the answers stay the same. */
function remembering(schedule: Schedule): Schedule {
  let times: { readonly previous: number | null; readonly next: number | null } = { previous: null, next: null };
  const timesAround = (ms: number) => {
    const { previous, next } = times;
    if (previous === null || next === null || ms < previous || ms >= next)
      times = { previous: schedule.previous(ms), next: schedule.next(ms) };
    return times;
  };
  return { next: (afterMs) => timesAround(afterMs).next, previous: (atMs) => timesAround(atMs).previous };
}

/** Times in ms since the epoch. */
export interface ScheduledDueInput {
  readonly schedule: string;
  readonly timeZone: string;
  readonly now: number;
  /** The latest start that counts; what was scheduled up to then is not owed. */
  readonly since: number;
  /** When the controller began to look after this schedule in this process. */
  readonly watchingSince: number;
}

export interface ScheduledDue {
  /** Why a run should begin now; `missed`: its time passed while nobody looked. Null: none should. */
  readonly trigger: 'schedule' | 'missed' | null;
  /** The next scheduled run; null when the schedule has no time to come. */
  readonly nextAt: number | null;
}

/**
 * Whether a scheduled run should begin now. Scheduled times that passed since the last run are made up for by one run,
 * however many they are; those of a time when runs were scheduled otherwise count too. A last run in the future, after
 * the clock was set back, holds runs until then: rather too few than one after the other.
 */
export function scheduledDue(
  { schedule: expression, timeZone, now, since, watchingSince }: ScheduledDueInput,
  read: ScheduleReader = readSchedule,
): ScheduledDue {
  const schedule = read(expression, timeZone);
  // A spec is admitted with a good one only; a host with an older time zone database may still not know the zone.
  if ('error' in schedule) return { trigger: null, nextAt: null };
  const nextAt = schedule.next(Math.max(now, since));
  const scheduledAt = schedule.previous(now);
  if (scheduledAt === null || scheduledAt <= since) return { trigger: null, nextAt };
  return { trigger: scheduledAt < watchingSince ? 'missed' : 'schedule', nextAt };
}

function scheduleOf(cron: Cron): Schedule {
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null,
    // Croner returns only times before its reference.
    previous: (atMs) => cron.previousRuns(1, new Date(atMs + 1))[0]?.getTime() ?? null,
  };
}

/**
 * Whether a name is a time zone that every supported Node accepts. Croner takes '' for the host's own zone, and Node
 * from 22 on takes '+02:00', which has no summer time and which Node 20 refuses.
 */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

/**
 * Describes errors that croner would accept or explain in terms of features that are refused here; null when there are
 * none.
 */
function formErrorOf(expression: string): string | null {
  if (!/^[ -~]*$/.test(expression)) return 'as it has other characters than printable ASCII';
  const fields = expression.split(' ').filter((field) => field !== '');
  // Croner takes any text with a ':' for the date of a single run.
  if (expression.includes(':')) return 'as it has a ":"';
  if (fields[0]?.startsWith('@')) return null;
  return fields.length === 5 || fields.length === 6
    ? null
    : `as it has ${fields.length} field${fields.length === 1 ? '' : 's'}`;
}

/**
 * The message of an error without the name of the class and without the value, in which croner counts days and months
 * from 0.
 */
function wordsOf(error: unknown): string {
  const words = (error instanceof Error ? error.message : String(error))
    .replace(/^Cron\w+: /, '')
    .replace(/^(Invalid value for \w+): .*/, '$1')
    .replace(/\.$/, '');
  return words.charAt(0).toLowerCase() + words.slice(1);
}
