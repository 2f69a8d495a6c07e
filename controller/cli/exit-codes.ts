/** The exit codes of all commands. A usage error is 1 everywhere, because `plan` uses 2 for changes. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** `plan` found something to do. */
  changes: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
