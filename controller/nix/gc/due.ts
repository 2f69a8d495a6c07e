import type { GcConfig, GcTrigger } from '../../model/gc-status.js';
import { readSchedule, scheduledDue, type ScheduleReader } from '../../model/schedule.js';

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
 * Whether a run should begin now: see `scheduledDue`. Times at which runs were suspended count too. A store beyond its
 * bound is collected in between.
 */
export function gcDue(input: DueInput, read: ScheduleReader = readSchedule): DueAnswer {
  const { config, now, watchingSince } = input;
  if (config.suspend) return { trigger: null, nextAt: null };
  const since = input.lastRunAt ?? input.knownSince;
  const { trigger, nextAt } = scheduledDue({ ...config, now, since, watchingSince }, read);
  return { trigger: trigger ?? overTrigger(input), nextAt };
}

function overTrigger({ config: { maxBytes }, storeBytes, lastOver }: DueInput): GcTrigger | null {
  if (maxBytes === null || storeBytes === null || storeBytes <= maxBytes) return null;
  // What that run left over a smaller bound than today's says nothing.
  const isKeptOver =
    lastOver !== null && lastOver.bytes > maxBytes && storeBytes - lastOver.bytes < maxBytes * WORTH_ANOTHER_RUN;
  return isKeptOver ? null : 'maxBytes';
}
