import type { CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import type { StoreSize } from '../keeper/keeper-answers.js';
import type { KeeperCommands } from '../keeper/keeper-commands.js';

/** A measurement walks the whole store. */
const EVERY_MS = 60_000;

export interface MeasureDependencies {
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly commands: () => Pick<KeeperCommands, 'measure'> | null;
  /** The store was measured. */
  readonly onChange: () => void;
}

/** The size of one cache's store: measured after it has changed, and at most once a minute. */
export interface Measure {
  /** As it was measured last; null: it was not, or the store has been emptied since. */
  size(): StoreSize | null;
  /** Measures now, whenever it was measured last. Null: it could not be measured. */
  take(): Promise<StoreSize | null>;
  /** Measures when a minute has passed since the last time. */
  soon(): void;
  /** The store is being emptied. */
  forget(): void;
}

/** Nothing is measured before `take` or `soon`. */
export function createMeasure({ clock, calls, commands, onChange }: MeasureDependencies): Measure {
  let size: StoreSize | null = null;
  let measuredAt = -Infinity;
  let isPlanned = false;

  async function take(): Promise<StoreSize | null> {
    measuredAt = clock.now();
    try {
      size = (await commands()?.measure(calls)) ?? size;
    } catch {
      // That the size cannot be had is no news: the keeper's own state is reported elsewhere.
      return null;
    }
    onChange();
    return size;
  }

  return {
    size: () => size,
    take,
    forget() {
      size = null;
      measuredAt = -Infinity;
    },
    soon() {
      if (isPlanned) return;
      isPlanned = true;
      later(clock, Math.max(0, measuredAt + EVERY_MS - clock.now()), calls.signal, () => {
        isPlanned = false;
        void take();
      });
    },
  };
}
