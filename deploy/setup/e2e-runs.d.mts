export interface E2eRun {
  readonly which: 'newest' | 'own';
  /** A Debian release: its Nix is the keeper's. */
  readonly keeper: string;
  /** Names of e2e test files without `.test.ts`; all when not given. */
  readonly files?: readonly string[];
  /** Names of those that another run shows. */
  readonly without?: readonly string[];
  /** With every variant of what the other runs show once. */
  readonly long?: boolean;
}

export const RUNS: Readonly<Record<string, E2eRun>>;
export const E2E_PARTS: readonly string[];
export const LONG_E2E_PARTS: readonly string[];
