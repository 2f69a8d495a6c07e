import type { CallOptions } from '../../docker/port.js';
import { later, type Clock } from '../../model/clock.js';
import type { StoreSize } from '../keeper/keeper-answers.js';
import type { KeeperCommands } from '../keeper/keeper-commands.js';

/** It walks the whole store. */
const EVERY_MS = 60_000;

/** The size of one cache's store: measured after it has changed, and at most once a minute. */
export function createMeasure(deps: {
  readonly clock: Clock;
  readonly calls: CallOptions;
  readonly commands: () => KeeperCommands | null;
  readonly onChange: () => void;
}) {
  let size: StoreSize | null = null;
  let measuredAt = -Infinity;
  let isPlanned = false;
  async function take(): Promise<StoreSize | null> {
    measuredAt = deps.clock.now();
    try {
      size = (await deps.commands()?.measure(deps.calls)) ?? size;
    } catch {
      // A size that could not be had is no news: the keeper's own state is told elsewhere.
      return null;
    }
    deps.onChange();
    return size;
  }

  return {
    size: () => size,
    /** Now, whenever it was measured last. Null: it could not be. */
    take,
    forget(): void {
      size = null;
      measuredAt = -Infinity;
    },
    soon(): void {
      if (isPlanned) return;
      isPlanned = true;
      later(deps.clock, Math.max(0, measuredAt + EVERY_MS - deps.clock.now()), deps.calls.signal, () => {
        isPlanned = false;
        void take();
      });
    },
  };
}
