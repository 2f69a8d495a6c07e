import type { RecordedEvent } from '../model/status.js';

export interface CountedEvent extends RecordedEvent {
  /** How often it happened in a row; `time` is the last one's. */
  readonly count: number;
  /** ISO 8601 */
  readonly firstTime: string;
}

export interface EventRecord {
  add(event: Omit<RecordedEvent, 'time'>): void;
  /** Oldest first; of one workspace, or of all. */
  list(workspace?: string): readonly CountedEvent[];
}

/** The last `capacity` events. A repetition of the last event of the same workspace counts up in place. */
export function createEventRecord(options: { readonly now: () => number; readonly capacity?: number }): EventRecord {
  const capacity = options.capacity ?? 1000;
  const entries = new Map<number, CountedEvent>();
  /** Where the last event of each workspace stands; '' for events of none (no workspace has an empty name). */
  const last = new Map<string, number>();
  let sequence = 0;

  function add(event: Omit<RecordedEvent, 'time'>): void {
    const time = new Date(options.now()).toISOString();
    const owner = event.workspace ?? '';
    const at = last.get(owner);
    const previous = at === undefined ? undefined : entries.get(at);
    const repeated = previous !== undefined && same(previous, event);
    // A repetition moves to the end: the list stays in the order of `time`.
    if (repeated && at !== undefined) entries.delete(at);
    const { type, workspace, reason, message } = event;
    const firstTime = repeated ? previous.firstTime : time;
    entries.set(sequence, { time, type, workspace, reason, message, count: repeated ? previous.count + 1 : 1, firstTime });
    last.set(owner, sequence);
    sequence += 1;
    if (entries.size > capacity) evictOldest();
  }

  function evictOldest(): void {
    for (const [key, event] of entries) {
      entries.delete(key);
      if (last.get(event.workspace ?? '') === key) last.delete(event.workspace ?? '');
      return;
    }
  }

  function list(workspace?: string): readonly CountedEvent[] {
    const all = [...entries.values()];
    return workspace === undefined ? all : all.filter((event) => event.workspace === workspace);
  }

  return { add, list };
}

function same(a: RecordedEvent, b: Omit<RecordedEvent, 'time'>): boolean {
  return a.type === b.type && a.workspace === b.workspace && a.reason === b.reason && a.message === b.message;
}
