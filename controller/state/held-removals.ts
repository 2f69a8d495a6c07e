import type { StateFile } from './state-file.js';

/**
 * The names of workspaces whose removal waits for a person. They are kept, because a restart must not release them when
 * the number of workspaces has changed (law 4).
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
