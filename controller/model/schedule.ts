import { Cron } from 'croner';

/**
 * The times of a cron expression in a time zone, in ms since the epoch; each is a whole second.
 *
 * When clocks change, a time of day that is written out (`30 2 * * *`, `30 2,14 * * *`) comes exactly once a day: one
 * that the day skips comes at the end of the gap (03:00), one that the day has twice comes the first time only. What is
 * written with a wildcard or a step (`0 * * * *`, `0-59/30 2 * * *`) follows elapsed time instead: nothing within a
 * gap, and both passes of a doubled hour.
 */
export interface Schedule {
  /** The first time after `afterMs`. Null: none that can be computed. */
  next(afterMs: number): number | null;
  /** The latest time at or before `atMs`. Null: none that can be computed. */
  previous(atMs: number): number | null;
}

/**
 * Without a year in it, an expression that has a time at all has one after any moment: this one makes the answer the
 * same every day.
 */
const ANY_MOMENT = new Date(Date.UTC(2000, 0, 1));
const FORM = 'write minute, hour, day of month, month and day of week, e.g. "0 4 * * *"';

/**
 * `expression` has five fields, or six with the second first, or is a nickname (`@daily`); `timeZone` is a name of the
 * IANA database. An `error` follows the quoted value it speaks of: with a known zone it is the expression's, with a
 * good expression the zone's.
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
    // Not before it is asked for a time does it object to all that it can't work with.
    if (cron.nextRun(ANY_MOMENT) === null)
      return { error: 'is never due, as no such day exists: choose another day of the month' };
    return scheduleOf(cron);
  } catch (error) {
    return { error: `is not a cron expression, ${wordsOf(error)}: ${FORM}` };
  }
}

/** How a schedule is read: `readSchedule`, or one that remembers. */
export type ScheduleReader = typeof readSchedule;

/** Reads like `readSchedule`, and the same schedule as the last time without parsing it again. */
export function rememberingReader(): ScheduleReader {
  let last: { readonly key: string; readonly read: ReturnType<ScheduleReader> } | null = null;
  return (expression, timeZone) => {
    const key = JSON.stringify([expression, timeZone]);
    if (last?.key !== key) last = { key, read: readSchedule(expression, timeZone) };
    return last.read;
  };
}

function scheduleOf(cron: Cron): Schedule {
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null,
    // It gives times before its reference only.
    previous: (atMs) => cron.previousRuns(1, new Date(atMs + 1))[0]?.getTime() ?? null,
  };
}

/**
 * Croner takes '' for the host's own zone, and Node from 22 on takes '+02:00', which knows no summer time and which
 * Node 20 refuses.
 */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

/** What croner would let pass, or would explain by what is refused here. */
function formErrorOf(expression: string): string | null {
  if (!/^[ -~]*$/.test(expression)) return 'as it has other characters than printable ASCII';
  const fields = expression.split(' ').filter((field) => field !== '');
  // It takes anything with a ':' for a date of a single run.
  if (expression.includes(':')) return 'as it has a ":"';
  if (fields[0]?.startsWith('@')) return null;
  return fields.length === 5 || fields.length === 6
    ? null
    : `as it has ${fields.length} field${fields.length === 1 ? '' : 's'}`;
}

/** Without the class's name, and without the value: it counts days and months from 0 there. */
function wordsOf(error: unknown): string {
  const words = (error instanceof Error ? error.message : String(error))
    .replace(/^Cron\w+: /, '')
    .replace(/^(Invalid value for \w+): .*/, '$1')
    .replace(/\.$/, '');
  return words.charAt(0).toLowerCase() + words.slice(1);
}
