import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { cacheFailing, sampleCacheReport, sampleCacheStatus, sampleUse } from '../status/samples.js';

function openMetrics() {
  const metrics = createMetrics({ version: '1.2.3', operations: [], driftFields: [] });
  /** Without the prefix. */
  const lines = async (pattern: RegExp) =>
    (await metrics.render())
      .split('\n')
      .flatMap((line) => (pattern.test(line) && line.startsWith('kalpana_') ? [line.slice('kalpana_'.length)] : []));
  return { metrics, lines };
}

const blue = sampleCacheStatus(
  sampleCacheReport(cacheFailing('CreateFailed'), { name: 'blue', keeper: null, storeBytes: null }),
);
const ofDefault = /cache="default"|name="default"/;

describe('metrics of caches', () => {
  it('presets the phases, and nothing of caches that there are not', async () => {
    const { lines } = openMetrics();
    expect(await lines(/^kalpana_caches/)).toEqual(
      ['Pending', 'Waiting', 'Ready', 'Degraded', 'Stalled'].map((phase) => `caches{phase="${phase}"} 0`),
    );
    expect(await lines(/^kalpana_(nix|cache_)/)).toEqual([]);
  });

  it('presets the label sets of a cache that appears to 0', async () => {
    const { metrics, lines } = openMetrics();
    metrics.observeCaches([sampleCacheStatus(), blue]);
    expect(
      await lines(
        /^kalpana_nix_(paths|bytes)_total.*"default"|^kalpana_nix_environment_duration_seconds_count.*"default"/,
      ),
    ).toEqual([
      'nix_paths_total{cache="default",outcome="hit"} 0',
      'nix_paths_total{cache="default",outcome="fetched"} 0',
      'nix_paths_total{cache="default",outcome="built"} 0',
      'nix_bytes_total{cache="default",outcome="fetched"} 0',
      'nix_bytes_total{cache="default",outcome="saved"} 0',
      'nix_environment_duration_seconds_count{cache="default",temperature="cold"} 0',
      'nix_environment_duration_seconds_count{cache="default",temperature="warm"} 0',
    ]);
    expect(await lines(/^kalpana_(cache_ready|nix_store_bytes)/)).toEqual([
      'nix_store_bytes{cache="default"} 1610612736',
      'cache_ready{name="default"} 1',
      'cache_ready{name="blue"} 0',
    ]);
    expect(await lines(/^kalpana_caches.*(Ready|Stalled)/)).toEqual([
      'caches{phase="Ready"} 1',
      'caches{phase="Stalled"} 1',
    ]);
  });

  it('counts the known holes of each keeper, and tells whether its nixpkgs is supported, where that is known', async () => {
    const { metrics, lines } = openMetrics();
    const { keeper } = sampleCacheReport();
    const cacheWith = (name: string, nixVersion: string, nixpkgsRelease: string | null) =>
      sampleCacheStatus(
        sampleCacheReport({ kind: 'ready' }, { name, nixpkgsRelease, keeper: { ...keeper!, nixVersion } }),
      );
    metrics.observeCaches([sampleCacheStatus(), blue, cacheWith('red', '2.26.3', '25.05'), cacheWith('x', '?', null)]);
    expect(await lines(/^kalpana_nix(_known_holes|pkgs_supported)/)).toEqual([
      'nix_known_holes{cache="default"} 0',
      'nix_known_holes{cache="red"} 4',
      'nixpkgs_supported{cache="default"} 1',
      'nixpkgs_supported{cache="blue"} 1',
      'nixpkgs_supported{cache="red"} 0',
    ]);
    metrics.observeCaches([]);
    expect(await lines(/^kalpana_nix(_known_holes|pkgs_supported)/)).toEqual([]);
  });

  it('counts the uses of each cache apart, before the first look too', async () => {
    const { metrics, lines } = openMetrics();
    metrics.cacheUsed({ cache: 'default', use: sampleUse() });
    metrics.cacheUsed({
      cache: 'default',
      use: sampleUse({
        paths: { asked: 10, hit: 4, fetched: 5, built: 1 },
        bytes: { asked: 100, hit: 40, fetched: 50, built: 10 },
        seconds: 12,
        temperature: 'cold',
      }),
    });
    metrics.cacheUsed({ cache: 'blue', use: sampleUse() });
    metrics.observeCaches([sampleCacheStatus(), blue]);
    expect(
      await lines(
        /^kalpana_nix_(paths|bytes)_total|^kalpana_nix_environment_duration_seconds_(count|sum)|le="0.1",.*default.*temperature/,
      ),
    ).toEqual([
      'nix_paths_total{cache="default",outcome="hit"} 38',
      'nix_paths_total{cache="default",outcome="fetched"} 5',
      'nix_paths_total{cache="default",outcome="built"} 1',
      'nix_paths_total{cache="blue",outcome="hit"} 34',
      'nix_paths_total{cache="blue",outcome="fetched"} 0',
      'nix_paths_total{cache="blue",outcome="built"} 0',
      'nix_bytes_total{cache="default",outcome="fetched"} 50',
      'nix_bytes_total{cache="default",outcome="saved"} 3040',
      'nix_bytes_total{cache="blue",outcome="fetched"} 0',
      'nix_bytes_total{cache="blue",outcome="saved"} 3000',
      'nix_environment_duration_seconds_bucket{le="0.1",cache="default",temperature="cold"} 0',
      'nix_environment_duration_seconds_sum{cache="default",temperature="cold"} 12',
      'nix_environment_duration_seconds_count{cache="default",temperature="cold"} 1',
      'nix_environment_duration_seconds_bucket{le="0.1",cache="default",temperature="warm"} 1',
      'nix_environment_duration_seconds_sum{cache="default",temperature="warm"} 0.1',
      'nix_environment_duration_seconds_count{cache="default",temperature="warm"} 1',
      'nix_environment_duration_seconds_sum{cache="blue",temperature="cold"} 0',
      'nix_environment_duration_seconds_count{cache="blue",temperature="cold"} 0',
      'nix_environment_duration_seconds_sum{cache="blue",temperature="warm"} 0.1',
      'nix_environment_duration_seconds_count{cache="blue",temperature="warm"} 1',
    ]);
  });

  it('drops all series of a removed cache, and starts again from 0 when it returns', async () => {
    const { metrics, lines } = openMetrics();
    metrics.observeCaches([sampleCacheStatus(), blue]);
    metrics.cacheUsed({ cache: 'default', use: sampleUse() });
    metrics.observeCaches([blue]);
    expect(await lines(ofDefault)).toEqual([]);
    expect(await lines(/"blue"/)).not.toEqual([]);
    metrics.observeCaches([sampleCacheStatus()]);
    expect(await lines(/^kalpana_nix_paths_total/)).toEqual(
      ['hit', 'fetched', 'built'].map((outcome) => `nix_paths_total{cache="default",outcome="${outcome}"} 0`),
    );
  });
});
