import type { StateFile } from './state-file.js';

/**
 * The names whose removal waits for a person: a restart must not release them because the numbers have changed (law 4).
 */
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
