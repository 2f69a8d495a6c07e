/**
 * Decides which realisations may fetch now. Nix downloads a path once for each client that requests it at the same time
 * (F9), so two realisations that want the same path take turns, and the second one finds what the first one has
 * fetched. Realisations that share no path run at the same time.
 */
export interface Turnstile<T extends Claim> {
  /**
   * Resolves when no running realisation wants a path that `claim` wants. Nobody else gets these paths until `leave`.
   */
  enter(claim: T): Promise<void>;
  leave(claim: T): void;
  /** The running claims that want one of the paths of `claim`. */
  inTheWayOf(claim: T): readonly T[];
}

export interface Claim {
  readonly wants: ReadonlySet<string>;
  /** A claim with a lower rank goes first. */
  readonly rank: number;
}

/** Creates a turnstile without any claims. */
export function createTurnstile<T extends Claim>(): Turnstile<T> {
  const inside = new Set<T>();
  let waiting: { readonly claim: T; readonly go: () => void }[] = [];

  function inTheWayOf(claim: T): T[] {
    return [...inside].filter((other) => other !== claim && overlaps(other.wants, claim.wants));
  }

  function admit(): void {
    const held: typeof waiting = [];
    for (const one of waiting) {
      // A claim also waits for earlier claims that want the same path, so that no claim is overtaken forever.
      const isBehind = held.some((other) => overlaps(other.claim.wants, one.claim.wants));
      if (isBehind || inTheWayOf(one.claim).length > 0) held.push(one);
      else {
        inside.add(one.claim);
        one.go();
      }
    }
    waiting = held;
  }

  return {
    enter(claim) {
      return new Promise((go) => {
        waiting.push({ claim, go });
        waiting.sort((a, b) => a.claim.rank - b.claim.rank);
        admit();
      });
    },
    leave(claim) {
      inside.delete(claim);
      admit();
    },
    inTheWayOf,
  };
}

function overlaps(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const path of few) if (many.has(path)) return true;
  return false;
}
