/**
 * Decides who may fetch now. Nix downloads a path as often as clients ask for it at once (F9), so two realisations that
 * want one path take turns; those that share none go side by side. Paths that the first one brought, the second one
 * finds.
 */
export interface Turnstile<T extends Claim> {
  /** Resolves when nothing that goes on wants what `claim` wants; until `leave`, nobody else gets it. */
  enter(claim: T): Promise<void>;
  leave(claim: T): void;
  /** Those that go on and want something of `claim`. */
  inTheWayOf(claim: T): readonly T[];
}

export interface Claim {
  readonly wants: ReadonlySet<string>;
  /** Lower goes first. */
  readonly rank: number;
}

/** A turnstile that nobody has gone through yet. */
export function createTurnstile<T extends Claim>(): Turnstile<T> {
  const inside = new Set<T>();
  let waiting: { readonly claim: T; readonly go: () => void }[] = [];

  function inTheWayOf(claim: T): T[] {
    return [...inside].filter((other) => other !== claim && overlaps(other.wants, claim.wants));
  }

  function admit(): void {
    const held: typeof waiting = [];
    for (const one of waiting) {
      // Behind whoever waits longer for the same: nobody is overtaken for ever.
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
