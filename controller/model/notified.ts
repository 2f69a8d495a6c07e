export const NOTIFICATION_TARGETS = ['webhook', 'commit-status'] as const;
export const NOTIFICATION_RESULTS = ['delivered', 'retried', 'dropped'] as const;

/** The result of one message to the outside; `retried` is reported for each attempt that failed. */
export interface Notified {
  readonly target: (typeof NOTIFICATION_TARGETS)[number];
  readonly result: (typeof NOTIFICATION_RESULTS)[number];
  /** One line. It names at most the host, because addresses may contain secrets. */
  readonly detail: string;
}
