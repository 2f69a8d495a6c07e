/** A law, a fact or a trap that a text rests on, as `docs/laws-and-facts.md` calls it: `law 6`, `F14`, `trap dockerode-5`. */
export interface Citation {
  readonly id: string;
  /** Counted from 1. */
  readonly line: number;
}

export function definedIds(page: string): readonly string[];
export function citationsOf(text: string): readonly Citation[];
