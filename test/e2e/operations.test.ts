import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE } from '../support/e2e/kalpana-specs.js';

const site = createSite('ops', testEngineHost(), NO_CACHE);
const TERM_DEAF = ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'];

describe('what an operator sees', () => {
  let kalpana: Kalpana;
  let base: string;
  beforeAll(async () => {
    site.put('ops-one');
    kalpana = site.start({ resync: 0.5, flags: ['--listen', '127.0.0.1:0'] });
    base = await kalpana.address();
    await kalpana.ready('ops-one');
  });
  afterAll(() => kalpana.stop());

  it('/metrics has the reconcile, queue, operation and engine families with values', async () => {
    await site.docker.kill('workspace-ops-one');
    await kalpana.log({ msg: 'drift', key: 'ops-one', field: 'state' });
    await kalpana.ready('ops-one');
    const text = await (await fetch(`${base}/metrics`)).text();
    const value = (series: string) =>
      Number(new RegExp(`^${series.replace(/[{}"|]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? 'NaN');
    const atLeast = {
      'kalpana_reconcile_total{kind="workspace",result="success"}': 1,
      'kalpana_reconcile_total{kind="shared",result="success"}': 1,
      'kalpana_reconcile_duration_seconds_count{kind="workspace"}': 1,
      kalpana_queue_wait_seconds_count: 1,
      'kalpana_operations_total{operation="create-container",result="success"}': 1,
      'kalpana_operations_total{operation="start-container",result="success"}': 2,
      'kalpana_operation_duration_seconds_count{operation="start-container"}': 2,
      'kalpana_drift_detected_total{field="state"}': 1,
      'kalpana_engine_request_duration_seconds_count{verb="listContainers",code="200"}': 1,
      [`kalpana_source_last_success_timestamp_seconds{source="dir:${site.specs}"}`]: 1e9,
    };
    for (const [series, least] of Object.entries(atLeast))
      expect([series, value(series) >= least]).toEqual([series, true]);
    const exactly = {
      kalpana_engine_up: 1,
      kalpana_deletions_held: 0,
      'kalpana_workspaces{phase="Ready"}': 1,
      'kalpana_workspaces{phase="Stalled"}': 0,
      'kalpana_workspace_ready{name="ops-one"}': 1,
      [`kalpana_specs{source="dir:${site.specs}",state="valid"}`]: 1,
      [`kalpana_specs{source="dir:${site.specs}",state="invalid"}`]: 0,
      'kalpana_operations_total{operation="remove-volume",result="failure"}': 0,
    };
    for (const [series, wanted] of Object.entries(exactly)) expect([series, value(series)]).toEqual([series, wanted]);
    for (const family of [
      'kalpana_queue_depth',
      'kalpana_active_workers',
      'kalpana_queue_retries_total',
      'kalpana_missed_events_total',
    ])
      expect([family, value(family) >= 0]).toEqual([family, true]);
  });

  it("a removed workspace's series go with it", async () => {
    site.put('ops-gone');
    await kalpana.ready('ops-gone');
    site.drop('ops-gone.json');
    await eventually(async () => expect(await (await fetch(`${base}/metrics`)).text()).not.toContain('ops-gone'), {
      withinMs: 20_000,
    });
  });

  it('/healthz and /readyz answer 200', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await fetch(`${base}${path}`);
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, 'ok\n']);
    }
  });

  it('each reconciliation is logged with its key, id, trigger and result; each operation with its key and cause', async () => {
    const lines = kalpana.logs();
    expect(
      lines.find(({ msg, key, operations }) => msg === 'reconciled' && key === 'ops-one' && Number(operations) > 0),
    ).toMatchObject({
      level: 'info',
      kind: 'workspace',
      reconcileId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      trigger: expect.stringMatching(/start|spec/),
      result: 'success',
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'operation',
        key: 'ops-one',
        operation: 'start workspace-ops-one  # state: exited -> running',
      }),
    );
    // Every line of the log is JSON.
    expect(
      kalpana
        .err()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{')),
    ).toEqual([]);
  });

  it('get and describe show the workspace, and exit 1 for one that is not there', async () => {
    const [table, text, unknown] = await Promise.all(
      [
        ['get', 'workspaces'],
        ['describe', 'workspace', 'ops-one'],
        ['describe', 'workspace', 'nobody'],
      ].map((words) => site.command(...words, '--state-dir', site.state)),
    );
    expect(table).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^NAME.*\nops-one +Ready +True +kalpana\/test:1/),
    });
    expect(text).toMatchObject({ code: 0, out: expect.stringContaining('DriftDetected') });
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("there is no workspace 'nobody'") });
  });
});

describe('shutdown', () => {
  /** Milliseconds from SIGTERM to the end. */
  async function shutdown(kalpana: Kalpana): Promise<{ code: number | null; ms: number }> {
    const startedAt = performance.now();
    const { code } = await kalpana.stop();
    return { code, ms: performance.now() - startedAt };
  }

  it('takes less than 5 seconds while a container refuses to stop, exits 0, and the next run finishes the work', async () => {
    const name = site.put('ops-deaf', { command: TERM_DEAF });
    let kalpana = site.start();
    await kalpana.ready(name);
    site.put(name, { command: TERM_DEAF, env: [{ name: 'NEW', value: 'yes' }] });
    await kalpana.log({ msg: 'operation', key: name, operation: expect.stringContaining('create container') as never });
    const { code, ms } = await shutdown(kalpana);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5_000);
    kalpana = site.start();
    await eventually(
      async () => expect((await site.docker.container(`workspace-${name}`)).Config.Env).toContain('NEW=yes'),
      { withinMs: 40_000 },
    );
    await kalpana.ready(name);
    expect(await site.docker.list(`kalpana.workspace.id=${name}`)).toEqual([`workspace-${name}: running`]);
    site.put(name, { state: 'Stopped' });
    await kalpana.stop();
  });

  it('takes less than 5 seconds during a pull from a registry that does not answer, and exits 0', async () => {
    const asked: string[] = [];
    const registry = createServer((request) => void asked.push(request.url ?? ''));
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    try {
      const kalpana = site.start();
      const name = site.put('ops-pull', {
        image: `127.0.0.1:${(registry.address() as AddressInfo).port}/slow/image:1`,
      });
      await eventually(() => expect(asked.length).toBeGreaterThan(0), { withinMs: 20_000 });
      // Meanwhile the others are served.
      await kalpana.ready('ops-one');
      const { code, ms } = await shutdown(kalpana);
      expect(code).toBe(0);
      expect(ms).toBeLessThan(5_000);
      expect(await site.docker.containerOrNull(`workspace-${name}`)).toBeNull();
    } finally {
      registry.closeAllConnections();
      await new Promise((resolve) => registry.close(resolve));
    }
  });

  inLongRuns('the shutdowns above; each suite ends its controllers', () =>
    it('takes less than 5 seconds with nothing to do, on SIGINT too, and leaves the workspaces running', async () => {
      const kalpana = site.start();
      await kalpana.ready('ops-one');
      kalpana.signal('SIGINT');
      expect(await kalpana.finished).toMatchObject({ code: 0, signal: null });
      expect((await site.docker.container('workspace-ops-one')).State.Status).toBe('running');
    }),
  );
});
