/** What the limit on removals is decided by (law 4). Workspaces by name. */
export interface RemovalLimitInput {
  /** Workspaces that exist on the engine under our instance. */
  readonly existing: readonly string[];
  /** Names whose spec is provably gone. */
  readonly gone: readonly string[];
  /** Names that a person has confirmed, or 'all' for `--allow-prune`. */
  readonly approved: ReadonlySet<string> | 'all';
}

export interface RemovalDecision {
  readonly allowed: readonly string[];
  readonly held: readonly string[];
}

/**
 * Removals that would leave none of two or more workspaces, or take more than half of four or more, wait for a person;
 * smaller ones go ahead. Confirmed ones go ahead and no longer count. Both lists are sorted.
 */
export function limitRemovals(input: RemovalLimitInput): RemovalDecision {
  const gone = [...input.gone].sort();
  if (input.approved === 'all') return { allowed: gone, held: [] };
  const approved = input.approved;
  const confirmed = gone.filter((name) => approved.has(name));
  const open = gone.filter((name) => !approved.has(name));
  const total = new Set([...input.existing, ...gone]).size - confirmed.length;
  const leavesNone = open.length >= 2 && open.length === total;
  const moreThanHalf = total >= 4 && open.length > total / 2;
  return leavesNone || moreThanHalf ? { allowed: confirmed, held: open } : { allowed: gone, held: [] };
}
