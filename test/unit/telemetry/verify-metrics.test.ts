import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { sampleCacheStatus, START } from '../status/samples.js';
import { HELLO, paths, sampleVerification, sampleVerify, verifiedReport } from '../status/verify-samples.js';

function openMetrics() {
  const metrics = createMetrics({ version: '1.2.3', operations: [], driftFields: [] });
  /** Without the prefix. */
  const lines = async () =>
    (await metrics.render())
      .split('\n')
      .filter((line) => /^kalpana_nix_(verif|damaged)/.test(line))
      .map((line) => line.slice('kalpana_'.length));
  return { metrics, lines };
}

const NEVER = [
  'nix_verify_runs_total{cache="default",result="intact"} 0',
  'nix_verify_runs_total{cache="default",result="damaged"} 0',
  'nix_verify_runs_total{cache="default",result="aborted"} 0',
  'nix_verified_paths_total{cache="default"} 0',
  'nix_damaged_paths{cache="default"} 0',
  'nix_verify_last_success_timestamp_seconds{cache="default"} 0',
];
const never = sampleCacheStatus(verifiedReport(sampleVerify({ runs: [] })));

describe('metrics of verifications', () => {
  it('presets all of a cache to 0, also of one without a spec', async () => {
    for (const status of [never, sampleCacheStatus(verifiedReport(null))]) {
      const { metrics, lines } = openMetrics();
      expect(await lines()).toEqual([]);
      metrics.observeCaches([status]);
      expect(await lines()).toEqual(NEVER);
    }
  });

  it('counts runs and paths, and shows what is damaged', async () => {
    const { metrics, lines } = openMetrics();
    metrics.observeCaches([never]);
    metrics.verifyEnded({ cache: 'default', run: sampleVerification() });
    metrics.verifyEnded({ cache: 'default', run: sampleVerification({ result: 'damaged', verifiedPaths: 4 }) });
    metrics.observeCaches([sampleCacheStatus(verifiedReport(sampleVerify({ damaged: paths(HELLO) })))]);
    expect((await lines()).filter((line) => !line.endsWith(' 0'))).toEqual([
      'nix_verify_runs_total{cache="default",result="intact"} 1',
      'nix_verify_runs_total{cache="default",result="damaged"} 1',
      'nix_verified_paths_total{cache="default"} 20',
      'nix_damaged_paths{cache="default"} 1',
      `nix_verify_last_success_timestamp_seconds{cache="default"} ${START / 1_000 - 3_600}`,
    ]);
  });

  it('takes a run that was aborted for no look', async () => {
    const { metrics, lines } = openMetrics();
    const runs = [sampleVerification({ result: 'aborted' })];
    metrics.observeCaches([sampleCacheStatus(verifiedReport(sampleVerify({ runs })))]);
    expect(await lines()).toEqual(NEVER);
  });

  it('drops all series of a removed cache, and starts again from 0 when it returns', async () => {
    const { metrics, lines } = openMetrics();
    metrics.verifyEnded({ cache: 'default', run: sampleVerification() });
    metrics.observeCaches([]);
    expect(await lines()).toEqual([]);
    metrics.observeCaches([never]);
    expect(await lines()).toEqual(NEVER);
  });
});
