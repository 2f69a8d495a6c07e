/** A background queue for work that no caller waits for. It yields to urgent work that a caller does wait for. */
export interface Afterwards {
  /** Runs `work`, which must not throw, as soon as no urgent work is under way. */
  add(work: () => Promise<void>): void;
  /** Runs `work` at once and starts no background work until it has ended. */
  urgent<T>(work: () => Promise<T>): Promise<T>;
  isBusy(): boolean;
}

/**
 * How many background tasks run at once: as many as an engine on two cores can run beside a start that arrives
 * meanwhile.
 */
const AT_ONCE = 2;

/** Creates an empty background queue. */
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
