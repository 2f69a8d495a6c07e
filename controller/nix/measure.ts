import type { CallOptions } from '../docker/port.js';
import { later, type Clock } from '../model/clock.js';
import type { KeeperCommands } from './keeper-commands.js';

/** It walks the whole store. */
const EVERY_MS = 60_000;

export interface StoreSize {
  readonly bytes: number;
  readonly paths: number;
}

/** The size of one cache's store: measured after it has changed, and at most once a minute. */
export function createMeasure(deps: { readonly clock: Clock; readonly calls: CallOptions; readonly commands: () => KeeperCommands | null; readonly onChange: () => void }) {
  let size: StoreSize | null = null;
  let measuredAt = -Infinity;
  let isPlanned = false;
  return {
    size: () => size,
    forget(): void {
      size = null;
      measuredAt = -Infinity;
    },
    soon(): void {
      if (isPlanned) return;
      isPlanned = true;
      later(deps.clock, Math.max(0, measuredAt + EVERY_MS - deps.clock.now()), deps.calls.signal, () => {
        isPlanned = false;
        measuredAt = deps.clock.now();
        deps.commands()?.measure(deps.calls).then(
          (measured) => {
            size = measured;
            deps.onChange();
          },
          // A size that could not be had is no news: the keeper's own state is told elsewhere.
          () => undefined,
        );
      });
    },
  };
}
