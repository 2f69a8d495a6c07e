import type { GitStatus } from '../model/git.js';
import type { SourceSummary } from '../status/sources.js';
import type { Families } from './families.js';

export const WEBHOOK_RESULTS = ['accepted', 'refused', 'limited', 'too_large', 'busy'] as const;
export type WebhookResult = (typeof WEBHOOK_RESULTS)[number];

const FETCH_RESULTS = ['success', 'failure'] as const;
const COMMIT_RESULTS = ['applied', 'refused'] as const;

export interface SourceMetrics {
  /**
   * Counts a webhook for a source, given by its id in `sources`; the first may arrive before `sources` is called. Do
   * not pass a name that only the request contains, because it would remain a label until the next `sources`.
   */
  webhook(facts: { readonly source: string; readonly result: WebhookResult }): void;
  /** Counts that the server of a git source was asked. */
  fetched(facts: { readonly source: string; readonly isAnswered: boolean; readonly seconds: number }): void;
  /** Counts that a commit was judged. */
  commit(facts: { readonly source: string; readonly result: 'applied' | 'refused' }): void;
  /** Updates the metrics of all existing sources; the series of others are removed, including counters. */
  sources(summaries: readonly SourceSummary[]): void;
}

/**
 * Creates the metrics of sources. The counters of a git source begin at 0 when it is first seen, and end when `sources`
 * does not include it.
 */
export function createSourceMetrics(families: Families): SourceMetrics {
  const {
    sourceSuccess,
    specs,
    gitWebhooks,
    gitFetches,
    gitFetchSeconds,
    gitCommits,
    sourceRevision,
    gitAttempted,
    gitFailing,
    gitSuspended,
  } = families;
  const counters = [
    [gitWebhooks, WEBHOOK_RESULTS],
    [gitFetches, FETCH_RESULTS],
    [gitCommits, COMMIT_RESULTS],
  ] as const;
  /** The git sources that have series. */
  const known = new Set<string>();

  /**
   * Starts the series of a source. A counter starts at 0, because otherwise `rate()` does not count the first
   * increment.
   */
  function appear(source: string): void {
    if (known.has(source)) return;
    known.add(source);
    for (const [counter, results] of counters) for (const result of results) counter.inc({ source, result }, 0);
    gitFetchSeconds.zero({ source });
  }

  function disappear(source: string): void {
    known.delete(source);
    for (const [counter, results] of counters) for (const result of results) counter.remove({ source, result });
    gitFetchSeconds.remove({ source });
  }

  function sources(summaries: readonly SourceSummary[]): void {
    const ids = new Set(summaries.map(({ id }) => id));
    for (const source of [...known].filter((id) => !ids.has(id))) disappear(source);
    for (const family of [sourceSuccess, specs, sourceRevision, gitAttempted, gitFailing, gitSuspended]) family.reset();
    for (const { id: source, lastSuccess, specs: counts, git } of summaries) {
      sourceSuccess.set({ source }, (lastSuccess ?? 0) / 1000);
      specs.set({ source, state: 'valid' }, counts.valid);
      specs.set({ source, state: 'invalid' }, counts.invalid);
      specs.set({ source, state: 'last_good' }, counts.lastGood);
      if (git !== null) observeGit(source, git);
    }
  }

  function observeGit(source: string, { applied, attempted, failure, isSuspended }: GitStatus): void {
    appear(source);
    if (applied !== null) sourceRevision.set({ source, revision: applied.revision }, 1);
    if (attempted !== null) gitAttempted.set({ source, revision: attempted.revision }, 1);
    gitFailing.set({ source }, failure === null ? 0 : 1);
    gitSuspended.set({ source }, isSuspended ? 1 : 0);
  }

  return {
    sources,
    fetched({ source, isAnswered, seconds }) {
      appear(source);
      gitFetches.inc({ source, result: isAnswered ? 'success' : 'failure' });
      gitFetchSeconds.observe({ source }, seconds);
    },
    commit({ source, result }) {
      appear(source);
      gitCommits.inc({ source, result });
    },
    webhook({ source, result }) {
      appear(source);
      gitWebhooks.inc({ source, result });
    },
  };
}
