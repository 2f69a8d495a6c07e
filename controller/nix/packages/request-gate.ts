/** Holds back requests for environments while a collection runs. */
export interface RequestGate {
  /** Makes requests wait from now on, except those for an environment that a profile in use contains. */
  hold(): void;
  /** Makes those requests wait as well, until `unseal`, while requests are held. */
  seal(): void;
  unseal(): void;
  /** Whether a request has to wait. `isRooted` means that a profile in use contains the requested environment. */
  isClosed(isRooted: boolean): boolean;
  /** Stores a request for later; a later request of the same workspace replaces an earlier one. */
  keep(workspace: string, ask: () => void): void;
  isWaiting(workspace: string): boolean;
  isAnyWaiting(): boolean;
  /** Opens the gate, and returns the requests that waited, by workspace. */
  open(): ReadonlyMap<string, () => void>;
}

/** Creates an open gate. */
export function createRequestGate(): RequestGate {
  /** The waiting requests, or null while the gate is open. */
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
