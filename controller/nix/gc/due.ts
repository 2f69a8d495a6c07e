import type { GcConfig, GcTrigger } from '../../model/gc-status.js';
import { readSchedule, type ScheduleReader } from '../../model/schedule.js';

/** A store that its roots keep over `maxBytes` is tried again when it has grown by this part of it. */
const WORTH_ANOTHER_RUN = 0.01;

/** Times in ms since the epoch. */
export interface DueInput {
  readonly config: GcConfig;
  readonly now: number;
  /** Latest start of a run that was not interrupted, by any trigger and with any result; null: none on record. */
  readonly lastRunAt: number | null;
  /** Since when this controller's record knows this cache: what was scheduled before is not owed. */
  readonly knownSince: number;
  /** When the controller began to look after the cache in this process. */
  readonly watchingSince: number;
  /** As measured after the last run; null: not known. */
  readonly storeBytes: number | null;
  /** The store right after the last run, when that left it over `maxBytes`; null: it did not. */
  readonly lastOver: { readonly at: number; readonly bytes: number } | null;
}

export interface DueAnswer {
  /** Why a run should begin now; null: none should. */
  readonly trigger: GcTrigger | null;
  /** The next scheduled run; null when suspended, or when the schedule has no time to come. */
  readonly nextAt: number | null;
}

/**
 * Whether a run should begin now. Scheduled times that passed since the last run are made up for by one run, however
 * many they are; those of a time when runs were suspended or scheduled otherwise count too. A last run in the future,
 * after the clock was set back, holds runs by schedule until then: rather too few than one after the other.
 */
export function gcDue(input: DueInput, read: ScheduleReader = readSchedule): DueAnswer {
  const { config, now, watchingSince } = input;
  if (config.suspend) return { trigger: null, nextAt: null };
  const since = input.lastRunAt ?? input.knownSince;
  const schedule = read(config.schedule, config.timeZone);
  // A spec is admitted with a good one only; a host with an older time zone database may still not know the zone.
  if ('error' in schedule) return { trigger: overTrigger(input), nextAt: null };
  const nextAt = schedule.next(Math.max(now, since));
  const scheduledAt = schedule.previous(now);
  if (scheduledAt === null || scheduledAt <= since) return { trigger: overTrigger(input), nextAt };
  return { trigger: scheduledAt < watchingSince ? 'missed' : 'schedule', nextAt };
}

function overTrigger({ config: { maxBytes }, storeBytes, lastOver }: DueInput): GcTrigger | null {
  if (maxBytes === null || storeBytes === null || storeBytes <= maxBytes) return null;
  // What that run left over a smaller bound than today's says nothing.
  const isKeptOver =
    lastOver !== null && lastOver.bytes > maxBytes && storeBytes - lastOver.bytes < maxBytes * WORTH_ANOTHER_RUN;
  return isKeptOver ? null : 'maxBytes';
}
