import { describe, expect, it } from '@jest/globals';
import type { SourceSummary } from '../../../controller/status/sources.js';
import { createMetrics } from '../../../controller/telemetry/metrics.js';

function openMetrics() {
  const metrics = createMetrics({ version: '1.2.3', operations: [], driftFields: [] });
  const hooks = async () =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith('kalpana_git_webhooks_total{'));
  return { metrics, hooks };
}

const GIT = {
  url: 'https://git.example/specs.git',
  ref: 'main',
  path: '.',
  isSuspended: false,
  attempted: null,
  applied: null,
  appliedAt: null,
  fetchedAt: null,
  failure: null,
};
const source = (id: string): SourceSummary => ({
  id,
  lastSuccess: null,
  readOnce: false,
  specs: { valid: 0, invalid: 0, lastGood: 0 },
  problems: [],
  git: id.startsWith('dir:') ? null : GIT,
});
const series = (id: string, ...values: number[]) =>
  ['accepted', 'refused', 'limited', 'too_large', 'busy'].map(
    (result, index) => `kalpana_git_webhooks_total{source="${id}",result="${result}"} ${values[index] ?? 0}`,
  );

describe('metrics of hooks', () => {
  it('are 0 for each git source from its first look on, and none for a directory', async () => {
    const { metrics, hooks } = openMetrics();
    expect(await hooks()).toEqual([]);
    metrics.sources([source('dir:/srv/specs'), source('git:team')]);
    expect(await hooks()).toEqual(series('git:team'));
  });

  it('count each source apart, before the first look too', async () => {
    const { metrics, hooks } = openMetrics();
    metrics.webhook({ source: 'git:team', result: 'accepted' });
    metrics.sources([source('git:team'), source('git:other')]);
    metrics.webhook({ source: 'git:team', result: 'accepted' });
    metrics.webhook({ source: 'git:other', result: 'busy' });
    metrics.sources([source('git:team'), source('git:other')]);
    expect(await hooks()).toEqual([...series('git:team', 2), ...series('git:other', 0, 0, 0, 0, 1)]);
  });

  it('go with their source, and begin at 0 when it comes back', async () => {
    const { metrics, hooks } = openMetrics();
    metrics.sources([source('git:team'), source('git:other')]);
    metrics.webhook({ source: 'git:team', result: 'refused' });
    metrics.sources([source('git:other')]);
    expect(await hooks()).toEqual(series('git:other'));
    metrics.sources([source('git:team')]);
    expect(await hooks()).toEqual(series('git:team'));
  });

  it('keep no name that is no source', async () => {
    const { metrics, hooks } = openMetrics();
    metrics.webhook({ source: 'made up', result: 'refused' });
    metrics.sources([source('git:team')]);
    expect(await hooks()).toEqual(series('git:team'));
  });
});
