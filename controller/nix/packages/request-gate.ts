/** Holds back requests for environments while a collection runs. */
export interface RequestGate {
  /** From now on requests wait, except those for what a profile in use holds. */
  hold(): void;
  /** While it is held, and until `unseal`: those wait as well. */
  seal(): void;
  unseal(): void;
  /** Whether a request has to wait. `isRooted`: a profile in use holds what it asks for. */
  isClosed(isRooted: boolean): boolean;
  /** Keeps what to ask for afterwards; a later request of the same workspace takes the place of an earlier one. */
  keep(workspace: string, ask: () => void): void;
  isWaiting(workspace: string): boolean;
  isAnyWaiting(): boolean;
  /** Lets everything through again, and returns what waited, by workspace. */
  open(): ReadonlyMap<string, () => void>;
}

/** A gate that is open. */
export function createRequestGate(): RequestGate {
  /** Null: the gate is open. */
  let waiting: Map<string, () => void> | null = null;
  let isSealed = false;
  return {
    hold: () => void (waiting ??= new Map()),
    seal: () => void (isSealed = true),
    unseal: () => void (isSealed = false),
    isClosed: (isRooted) => waiting !== null && (isSealed || !isRooted),
    keep: (workspace, ask) => void waiting?.set(workspace, ask),
    isWaiting: (workspace) => waiting?.has(workspace) === true,
    isAnyWaiting: () => (waiting?.size ?? 0) > 0,
    open() {
      const kept = waiting ?? new Map<string, () => void>();
      waiting = null;
      isSealed = false;
      return kept;
    },
  };
}
