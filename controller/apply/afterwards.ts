/** Work that nobody waits for, behind the work that somebody does. */
export interface Afterwards {
  /** Runs `work`, which must not throw, when nothing urgent is under way. */
  add(work: () => Promise<void>): void;
  /** Holds what waits back for as long as `work` takes. */
  urgent<T>(work: () => Promise<T>): Promise<T>;
  isBusy(): boolean;
}

/** Two at once, as an engine on two cores carries them beside a start that comes meanwhile. */
const AT_ONCE = 2;

export function createAfterwards(): Afterwards {
  const waiting: (() => Promise<void>)[] = [];
  let urgent = 0;
  let running = 0;

  function next(): void {
    while (urgent === 0 && running < AT_ONCE) {
      const work = waiting.shift();
      if (work === undefined) return;
      running += 1;
      void work().finally(() => {
        running -= 1;
        next();
      });
    }
  }

  return {
    add(work) {
      waiting.push(work);
      next();
    },
    async urgent(work) {
      urgent += 1;
      try {
        return await work();
      } finally {
        urgent -= 1;
        next();
      }
    },
    isBusy: () => waiting.length + running > 0,
  };
}
