/** Runs work that no caller waits for, after the work that one does. */
export interface Afterwards {
  /** Runs `work`, which must not throw, when nothing urgent is under way. */
  add(work: () => Promise<void>): void;
  /** Holds what waits back for as long as `work` takes. */
  urgent<T>(work: () => Promise<T>): Promise<T>;
  isBusy(): boolean;
}

/** As many as an engine on two cores can run beside a start that comes meanwhile. */
const AT_ONCE = 2;

/** Work in the background; none at first. */
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
