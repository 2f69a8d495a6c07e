import type { SourceSummary } from '../status/sources.js';
import type { Families } from './families.js';
import type { Metrics } from './metrics.js';

export const HOOK_RESULTS = ['accepted', 'refused', 'limited', 'too_large', 'busy'] as const;
export type HookResult = (typeof HOOK_RESULTS)[number];

export function createSourceMetrics({ sourceSuccess, specs, gitWebhooks }: Families): Pick<Metrics, 'sources' | 'webhook'> {
  /** Those that have series of hooks. */
  const known = new Set<string>();

  /** `rate()` needs the 0 before the first. */
  function appear(source: string): void {
    if (known.has(source)) return;
    known.add(source);
    for (const result of HOOK_RESULTS) gitWebhooks.inc({ source, result }, 0);
  }

  function disappear(source: string): void {
    known.delete(source);
    for (const result of HOOK_RESULTS) gitWebhooks.remove({ source, result });
  }

  function sources(summaries: readonly SourceSummary[]): void {
    const ids = new Set(summaries.map(({ id }) => id));
    for (const source of [...known].filter((id) => !ids.has(id))) disappear(source);
    sourceSuccess.reset();
    specs.reset();
    for (const { id: source, lastSuccess, specs: counts } of summaries) {
      sourceSuccess.set({ source }, (lastSuccess ?? 0) / 1000);
      specs.set({ source, state: 'valid' }, counts.valid);
      specs.set({ source, state: 'invalid' }, counts.invalid);
      specs.set({ source, state: 'last_good' }, counts.lastGood);
      // Nobody sends a hook for a directory.
      if (!source.startsWith('dir:')) appear(source);
    }
  }

  return {
    sources,
    webhook({ source, result }) {
      appear(source);
      gitWebhooks.inc({ source, result });
    },
  };
}
