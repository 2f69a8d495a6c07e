import type { CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import type { StoreSize } from '../keeper/keeper-answers.js';
import type { KeeperCommands } from '../keeper/keeper-commands.js';

/** The shortest time between two measurements in ms, because each walks the whole store. */
const EVERY_MS = 60_000;

export interface MeasureDependencies {
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly commands: () => Pick<KeeperCommands, 'measure'> | null;
  /** Called when the store was measured. */
  readonly onChange: () => void;
}

/** The size of one cache's store. It is measured after changes, but at most once a minute. */
export interface Measure {
  /** The last measured size, or null when it was not measured or the store has been emptied since. */
  size(): StoreSize | null;
  /** Measures now, regardless of the last measurement. Returns null when the store could not be measured. */
  take(): Promise<StoreSize | null>;
  /** Measures as soon as a minute has passed since the last measurement. */
  soon(): void;
  /** Forgets the size, because the store is being emptied. */
  forget(): void;
}

/** Creates the measurement; nothing is measured before `take` or `soon`. */
export function createMeasure({ clock, calls, commands, onChange }: MeasureDependencies): Measure {
  let size: StoreSize | null = null;
  let measuredAt = -Infinity;
  let isPlanned = false;

  async function take(): Promise<StoreSize | null> {
    measuredAt = clock.now();
    try {
      size = (await commands()?.measure(calls)) ?? size;
    } catch {
      // A failed measurement is not reported, because the keeper's own state is reported elsewhere.
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
