import { describe, expect, it } from '@jest/globals';
import { REASONS } from '../../../controller/model/reasons.js';
import { PHASES } from '../../../controller/model/status.js';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { failing, sampleReport, sampleStatus } from '../status/samples.js';

function openMetrics() {
  const metrics = createMetrics({ version: '1.2.3', operations: ['create container'], driftFields: ['image'] });
  const lines = async (prefix: string) =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith(prefix));
  return { metrics, lines };
}

describe('createMetrics', () => {
  it('presets every closed label set to 0', async () => {
    const { lines } = openMetrics();
    expect(await lines('kalpana_reconcile_total{')).toHaveLength(3 * 4);
    expect(await lines('kalpana_reconcile_errors_total{')).toHaveLength(3 * Object.keys(REASONS).length);
    expect(await lines('kalpana_workspaces{')).toEqual(PHASES.map((phase) => `kalpana_workspaces{phase="${phase}"} 0`));
    expect(await lines('kalpana_operations_total{')).toEqual([
      'kalpana_operations_total{operation="create container",result="success"} 0',
      'kalpana_operations_total{operation="create container",result="failure"} 0',
    ]);
    const notifications = ['webhook', 'commit-status'].flatMap((target) =>
      ['delivered', 'retried', 'dropped'].map(
        (result) => `kalpana_notifications_total{target="${target}",result="${result}"} 0`,
      ),
    );
    expect(await lines('kalpana_notifications_total{')).toEqual(notifications);
    expect(await lines('kalpana_drift_detected_total{')).toEqual(['kalpana_drift_detected_total{field="image"} 0']);
    expect(await lines('kalpana_reconcile_duration_seconds_count')).toEqual([
      'kalpana_reconcile_duration_seconds_count{kind="workspace"} 0',
      'kalpana_reconcile_duration_seconds_count{kind="shared"} 0',
      'kalpana_reconcile_duration_seconds_count{kind="cache"} 0',
    ]);
    for (const name of [
      'queue_depth',
      'active_workers',
      'engine_up',
      'deletions_held',
      'missed_events_total',
      'queue_retries_total',
    ]) {
      expect(await lines(`kalpana_${name} `)).toEqual([`kalpana_${name} 0`]);
    }
  });

  it('has a help and a type for each family, and the process metrics under their usual names', async () => {
    const { metrics, lines } = openMetrics();
    const text = await metrics.render();
    expect((await lines('# HELP kalpana_')).length).toBe((await lines('# TYPE kalpana_')).length);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toContain(`kalpana_build_info{version="1.2.3",node_version="${process.version}"} 1`);
    expect(text.endsWith('\n')).toBe(true);
    expect(metrics.contentType).toContain('text/plain');
    expect(text.split('\n').filter((line) => !/^(#.*|[a-z0-9_]+(\{.*\})? \S+|)$/.test(line))).toEqual([]);
  });

  it('counts what it is told', async () => {
    const { metrics, lines } = openMetrics();
    metrics.reconciled({ kind: 'workspace', result: 'success', seconds: 0.2 });
    metrics.reconcileError({ kind: 'workspace', reason: 'PortConflict' });
    metrics.operation({ operation: 'create container', result: 'failure', seconds: 1 });
    metrics.driftDetected('image');
    metrics.missedEvent();
    metrics.engineUp(true);
    metrics.engineRequest({ verb: 'GET', code: '200', seconds: 0.004 });
    metrics.queue({ depth: 3, active: 2 });
    metrics.queueWaited(0.1);
    metrics.queueRetried();
    metrics.removalsHeld(2);
    metrics.notified({ target: 'webhook', result: 'retried' });
    const values = [
      ['notifications_total{target="webhook",result="retried"}', 1],
      ['reconcile_total{kind="workspace",result="success"}', 1],
      ['reconcile_duration_seconds_sum{kind="workspace"}', 0.2],
      ['reconcile_errors_total{kind="workspace",reason="PortConflict"}', 1],
      ['operations_total{operation="create container",result="failure"}', 1],
      ['operation_duration_seconds_count{operation="create container"}', 1],
      ['drift_detected_total{field="image"}', 1],
      ['missed_events_total', 1],
      ['engine_up', 1],
      ['engine_request_duration_seconds_count{verb="GET",code="200"}', 1],
      ['queue_depth', 3],
      ['active_workers', 2],
      ['queue_wait_seconds_count', 1],
      ['queue_retries_total', 1],
      ['deletions_held', 2],
    ] as const;
    for (const [series, value] of values)
      expect(await lines(`kalpana_${series} `)).toEqual([`kalpana_${series} ${value}`]);
  });

  it('drops the series of a removed workspace', async () => {
    const { metrics, lines } = openMetrics();
    const bob = sampleStatus(sampleReport(failing('StartFailed'), { name: 'bob' }));
    metrics.observeStatus([sampleStatus(), bob]);
    expect(await lines('kalpana_workspace_ready{')).toEqual([
      'kalpana_workspace_ready{name="alice"} 1',
      'kalpana_workspace_ready{name="bob"} 0',
    ]);
    expect(await lines('kalpana_workspaces{phase="Stalled"}')).toEqual(['kalpana_workspaces{phase="Stalled"} 1']);
    metrics.observeStatus([sampleStatus()]);
    expect(await lines('kalpana_workspace_ready{')).toEqual(['kalpana_workspace_ready{name="alice"} 1']);
    expect(await lines('kalpana_workspaces{phase="Stalled"}')).toEqual(['kalpana_workspaces{phase="Stalled"} 0']);
  });

  it('shows the revision that each workspace was converged to, and that alone', async () => {
    const { metrics, lines } = openMetrics();
    const at = (revision: string | null) => ({
      ...sampleStatus(),
      location: { source: 'git:team', file: 'alice.json', line: 1, column: 1 },
      revision,
    });
    metrics.observeStatus([at('a1'), { ...at(null), name: 'bob' }]);
    expect(await lines('kalpana_workspace_revision_info{')).toEqual([
      'kalpana_workspace_revision_info{name="alice",source="git:team",revision="a1"} 1',
    ]);
    metrics.observeStatus([at('b2')]);
    expect(await lines('kalpana_workspace_revision_info{')).toEqual([
      'kalpana_workspace_revision_info{name="alice",source="git:team",revision="b2"} 1',
    ]);
  });

  it('drops the series of a source that is gone, and shows 0 for one never read', async () => {
    const { metrics, lines } = openMetrics();
    const specs = { valid: 3, invalid: 2, lastGood: 1 };
    metrics.sources([
      { id: 'dir:a', lastSuccess: null, readOnce: false, specs, problems: [], git: null },
      { id: 'dir:b', lastSuccess: 1_500, readOnce: true, specs, problems: [], git: null },
    ]);
    expect(await lines('kalpana_source_last')).toEqual([
      'kalpana_source_last_success_timestamp_seconds{source="dir:a"} 0',
      'kalpana_source_last_success_timestamp_seconds{source="dir:b"} 1.5',
    ]);
    metrics.sources([{ id: 'dir:b', lastSuccess: 2_000, readOnce: true, specs, problems: [], git: null }]);
    expect(await lines('kalpana_specs{')).toEqual([
      'kalpana_specs{source="dir:b",state="valid"} 3',
      'kalpana_specs{source="dir:b",state="invalid"} 2',
      'kalpana_specs{source="dir:b",state="last_good"} 1',
    ]);
  });
});
