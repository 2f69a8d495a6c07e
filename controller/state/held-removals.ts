import type { StateFile } from './state-file.js';

/** The removals that wait for a person: a restart must not let them go because the numbers have changed meanwhile (law 4). */
export function createHeldRemovals(file: StateFile): {
  load(): readonly string[];
  save(names: readonly string[]): void;
} {
  let known = file.read().filter((name) => typeof name === 'string');
  return {
    load: () => known,
    save(names) {
      if (names.join() === known.join()) return;
      known = [...names];
      file.write(known);
    },
  };
}
