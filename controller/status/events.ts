import type { NewEvent, RecordedEvent } from '../model/status.js';

export interface CountedEvent extends RecordedEvent {
  /** How often the event happened in a row; `time` is the time of the last one. */
  readonly count: number;
  /** The time of the first one, in ISO 8601. */
  readonly firstTime: string;
}

/** Selects the events of one workspace or one cache, or all events when neither is given. */
export interface EventFilter {
  readonly workspace?: string;
  readonly cache?: string;
}

/** The record of recent events, for people. */
export interface EventRecord {
  add(event: NewEvent): void;
  /** Lists events, oldest first. */
  list(filter?: EventFilter): readonly CountedEvent[];
}

/**
 * Creates a record of the last `capacity` events, 1000 by default. A repetition of the last event of the same workspace
 * or cache is counted.
 */
export function createEventRecord(options: { readonly now: () => number; readonly capacity?: number }): EventRecord {
  const capacity = options.capacity ?? 1000;
  const entries = new Map<number, CountedEvent>();
  /** The position of the last event of each owner. */
  const last = new Map<string, number>();
  let sequence = 0;

  function add(given: NewEvent): void {
    const event = { ...given, cache: given.cache ?? null };
    const time = new Date(options.now()).toISOString();
    const owner = ownerOf(event);
    const at = last.get(owner);
    const previous = at === undefined ? undefined : entries.get(at);
    const repeated = previous !== undefined && same(previous, event);
    // A repeated event moves to the end, so that the list stays in the order of `time`.
    if (repeated && at !== undefined) entries.delete(at);
    const { type, workspace, cache, reason, message } = event;
    const firstTime = repeated ? previous.firstTime : time;
    entries.set(sequence, {
      time,
      type,
      workspace,
      cache,
      reason,
      message,
      count: repeated ? previous.count + 1 : 1,
      firstTime,
    });
    last.set(owner, sequence);
    sequence += 1;
    if (entries.size > capacity) evictOldest();
  }

  function evictOldest(): void {
    for (const [key, event] of entries) {
      entries.delete(key);
      if (last.get(ownerOf(event)) === key) last.delete(ownerOf(event));
      return;
    }
  }

  function list({ workspace, cache }: EventFilter = {}): readonly CountedEvent[] {
    const all = [...entries.values()];
    return all.filter(
      (event) =>
        (workspace === undefined || event.workspace === workspace) && (cache === undefined || event.cache === cache),
    );
  }

  return { add, list };
}

/**
 * The owner of an event. A workspace and a cache may have the same name; a name never contains a slash and is never
 * empty.
 */
function ownerOf({ workspace, cache }: Pick<RecordedEvent, 'workspace' | 'cache'>): string {
  return `${workspace ?? ''}/${cache ?? ''}`;
}

function same(a: RecordedEvent, b: Omit<RecordedEvent, 'time'>): boolean {
  return a.type === b.type && ownerOf(a) === ownerOf(b) && a.reason === b.reason && a.message === b.message;
}
