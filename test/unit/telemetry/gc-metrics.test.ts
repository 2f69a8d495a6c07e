import { describe, expect, it } from '@jest/globals';
import { ROOT_KINDS } from '../../../controller/model/gc-status.js';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { collectedReport, sampleGc, sampleRun, unsuccessfulRun } from '../status/gc-samples.js';
import { sampleCacheStatus, START } from '../status/samples.js';

/** When `sampleRun` ended. */
const ENDED = START / 1_000 - 7_200;
const FAMILIES = /^kalpana_(nix_gc_|nix_roots)/;

function openMetrics() {
  const metrics = createMetrics({ version: '1.2.3', operations: [], driftFields: [] });
  /** Without the prefix, the buckets and what is 0. */
  const lines = async () =>
    (await metrics.render())
      .split('\n')
      .filter((line) => FAMILIES.test(line) && !line.includes('_bucket'))
      .map((line) => line.slice('kalpana_'.length));
  const counted = async () => (await lines()).filter((line) => !line.endsWith(' 0'));
  return { metrics, lines, counted };
}

const never = sampleCacheStatus(collectedReport(sampleGc({ runs: [], roots: null })));
const before = sampleCacheStatus(collectedReport(sampleGc()));

describe('metrics of collections', () => {
  it('presets all of a cache to 0, also of one without a spec', async () => {
    for (const status of [never, sampleCacheStatus(collectedReport(null))]) {
      const { metrics, lines } = openMetrics();
      expect(await lines()).toEqual([]);
      metrics.observeCaches([status]);
      expect(await lines()).toEqual([
        'nix_gc_runs_total{cache="default",result="success"} 0',
        'nix_gc_runs_total{cache="default",result="aborted"} 0',
        'nix_gc_runs_total{cache="default",result="failed"} 0',
        'nix_gc_freed_bytes_total{cache="default"} 0',
        'nix_gc_duration_seconds_sum{cache="default"} 0',
        'nix_gc_duration_seconds_count{cache="default"} 0',
        'nix_gc_held_seconds_sum{cache="default"} 0',
        'nix_gc_held_seconds_count{cache="default"} 0',
        'nix_gc_last_success_timestamp_seconds{cache="default"} 0',
        ...ROOT_KINDS.map((kind) => `nix_roots{cache="default",kind="${kind}"} 0`),
      ]);
    }
  });

  it('counts the runs that end, of each cache apart, before its first look too', async () => {
    const { metrics, counted } = openMetrics();
    metrics.gcEnded({ cache: 'default', run: sampleRun({ seconds: 3, startedAt: START }) });
    metrics.gcEnded({
      cache: 'default',
      run: sampleRun({ seconds: 2, heldSeconds: 0.08, freedBytes: 11, startedAt: START + 9_000 }),
    });
    metrics.gcEnded({
      cache: 'default',
      run: unsuccessfulRun('failed', 'StoreDamaged', 'gone', { seconds: 5, heldSeconds: 0, freedBytes: 100 }),
    });
    metrics.gcEnded({
      cache: 'blue',
      run: unsuccessfulRun('aborted', 'GcBusy', 'busy', { seconds: 1, heldSeconds: 1 }),
    });
    expect(await counted()).toEqual([
      'nix_gc_runs_total{cache="default",result="success"} 2',
      'nix_gc_runs_total{cache="default",result="failed"} 1',
      'nix_gc_runs_total{cache="blue",result="aborted"} 1',
      `nix_gc_freed_bytes_total{cache="default"} ${1_288_490_189 + 111}`,
      'nix_gc_duration_seconds_sum{cache="default"} 10',
      'nix_gc_duration_seconds_count{cache="default"} 3',
      'nix_gc_duration_seconds_sum{cache="blue"} 1',
      'nix_gc_duration_seconds_count{cache="blue"} 1',
      'nix_gc_held_seconds_sum{cache="default"} 0.5',
      'nix_gc_held_seconds_count{cache="default"} 3',
      'nix_gc_held_seconds_sum{cache="blue"} 1',
      'nix_gc_held_seconds_count{cache="blue"} 1',
      `nix_gc_last_success_timestamp_seconds{cache="default"} ${START / 1_000 + 11}`,
    ]);
  });

  it('takes the last success and the roots from the status: an earlier process may have collected', async () => {
    const { metrics, counted } = openMetrics();
    const aborted = unsuccessfulRun('aborted', 'GcBusy', 'busy', { startedAt: START });
    metrics.observeCaches([sampleCacheStatus(collectedReport(sampleGc({ runs: [aborted, sampleRun()] })))]);
    const expected = [
      `nix_gc_last_success_timestamp_seconds{cache="default"} ${ENDED}`,
      'nix_roots{cache="default",kind="profile"} 4',
      'nix_roots{cache="default",kind="link"} 2',
      'nix_roots{cache="default",kind="process"} 1',
    ];
    expect(await counted()).toEqual(expected);
    // It is remembered when the status has forgotten it.
    metrics.observeCaches([sampleCacheStatus(collectedReport(sampleGc({ runs: [aborted] })))]);
    expect(await counted()).toEqual(expected);
  });

  it('drops all series of a removed cache, and starts again from 0 when it returns', async () => {
    const { metrics, lines, counted } = openMetrics();
    metrics.observeCaches([before]);
    metrics.gcEnded({ cache: 'default', run: sampleRun() });
    metrics.observeCaches([]);
    expect(await lines()).toEqual([]);
    metrics.observeCaches([never]);
    expect(await counted()).toEqual([]);
  });
});
