/** The facts that decide whether removals are held (law 4). Workspaces are given by name. */
export interface RemovalLimitInput {
  /** The workspaces that exist on the engine under our instance. */
  readonly existing: readonly string[];
  /** The names whose spec is provably gone. */
  readonly gone: readonly string[];
  /** The names that a person has confirmed, or 'all' for `--allow-prune`. */
  readonly approved: ReadonlySet<string> | 'all';
}

export interface RemovalDecision {
  readonly allowed: readonly string[];
  readonly held: readonly string[];
}

/**
 * Holds removals for a person when they would leave none of two or more workspaces, or remove more than half of four or
 * more. Smaller and confirmed removals go ahead; confirmed ones do not count towards the limit. Both lists are sorted.
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
