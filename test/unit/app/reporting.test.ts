import { describe, expect, it } from '@jest/globals';
import type { CacheEvent } from '../../../controller/model/cache-event.js';
import { createReporting } from '../../../controller/app/reporting.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { createLogger } from '../../../controller/telemetry/logger.js';
import { createMetrics } from '../../../controller/telemetry/metrics.js';
import { sampleRoots, sampleRun, unsuccessfulRun } from '../status/gc-samples.js';
import { START } from '../status/samples.js';
import { HELLO, paths, sampleVerification } from '../status/verify-samples.js';

function open() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const fields = JSON.parse(line) as Record<string, unknown>;
    delete fields['time'];
    lines.push(fields);
  };
  const store = createStatusStore({ now: () => START });
  const metrics = createMetrics({ version: '1.2.3', operations: [], driftFields: [] });
  const log = createLogger({ level: 'debug', pretty: false, color: false, destination: { write } });
  const { listener } = createReporting({
    store,
    metrics,
    log,
    sources: () => [],
    onEngine: () => undefined,
    onRealising: () => undefined,
  });
  const events = () =>
    store.events({ cache: 'default' }).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
  return { listener, lines, events, metrics };
}

describe('a collection, reported', () => {
  it('that succeeded goes to the log, the record and the metrics', async () => {
    const { listener, lines, events, metrics } = open();
    listener.cacheEvent({ type: 'gc-step', cache: 'default', step: 'scan', seconds: 0.6 });
    listener.cacheEvent({ type: 'gc-ended', cache: 'default', run: sampleRun() });
    expect(lines).toEqual([
      { level: 'debug', cache: 'default', step: 'scan', seconds: 0.6, msg: 'garbage collection step' },
      {
        level: 'info',
        cache: 'default',
        startedAt: sampleRun().startedAt,
        trigger: 'schedule',
        seconds: 3.1,
        heldSeconds: 0.42,
        freedBytes: 1_288_490_189,
        freedPaths: 34,
        keptPaths: 312,
        leftPaths: 0,
        roots: sampleRoots(),
        msg: 'garbage collected',
      },
    ]);
    expect(events()).toEqual(['Normal Collected: freed 1.2 GiB (34 paths)']);
    expect(await metrics.render()).toContain('kalpana_nix_gc_runs_total{cache="default",result="success"} 1\n');
  });

  it('that found nothing at night is no event', () => {
    const { listener, lines, events } = open();
    listener.cacheEvent({ type: 'gc-ended', cache: 'default', run: sampleRun({ freedBytes: 0, freedPaths: 0 }) });
    expect([lines.length, events()]).toEqual([1, []]);
  });

  it.each(['aborted', 'failed'] as const)('that was %s is a warning with its reason', async (result) => {
    const { listener, lines, events, metrics } = open();
    const detail = 'a realisation did not end. Nothing was collected; the next run tries again.';
    listener.cacheEvent({
      type: 'gc-ended',
      cache: 'default',
      run: unsuccessfulRun(result, 'GcBusy', 'a realisation did not end'),
    });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        cache: 'default',
        result,
        reason: 'GcBusy',
        detail,
        msg: 'garbage collection did not succeed',
      }),
    ]);
    expect(events()).toEqual([`Warning GcBusy: ${detail}`]);
    expect(await metrics.render()).toContain(`kalpana_nix_gc_runs_total{cache="default",result="${result}"} 1\n`);
  });
});

describe('a verification, reported', () => {
  it('that found nothing goes to the log and the metrics', async () => {
    const { listener, lines, events, metrics } = open();
    listener.cacheEvent({ type: 'verify-ended', cache: 'default', run: sampleVerification() });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', cache: 'default', verifiedPaths: 16, msg: 'store verified' }),
    ]);
    expect(events()).toEqual([]);
    expect(await metrics.render()).toContain('kalpana_nix_verified_paths_total{cache="default"} 16\n');
  });

  it('that found damage, or was not through, is a warning with its reason', () => {
    const { listener, lines, events } = open();
    const failure = { reason: 'VerifyEnded', message: 'it gave way' } as const;
    for (const run of [
      sampleVerification({ result: 'damaged', damaged: paths(HELLO) }),
      sampleVerification({ result: 'aborted', failure }),
    ])
      listener.cacheEvent({ type: 'verify-ended', cache: 'default', run });
    expect(lines.map(({ level, result, reason }) => [level, result, reason])).toEqual([
      ['warn', 'damaged', 'StoreDamaged'],
      ['warn', 'aborted', 'VerifyEnded'],
    ]);
    expect(events()).toEqual([expect.stringContaining('Warning VerifyEnded: it gave way. ')]);
  });
});

describe('packages, reported', () => {
  const failure = { reason: 'PackageNotFound', message: 'no such package' } as const;
  const facts = { cache: 'default', workspaces: ['alice'], packages: ['hello'], seconds: 2 };

  it.each<{ event: CacheEvent; line: Record<string, unknown> }>([
    {
      event: { type: 'realised', ...facts, use: null, failure },
      line: { level: 'warn', ...facts, reason: 'PackageNotFound', msg: 'packages could not be realised' },
    },
    {
      event: { type: 'realised', ...facts, use: null, failure: null },
      line: { level: 'info', ...facts, msg: 'packages realised' },
    },
    {
      event: { type: 'realising', cache: 'default', workspaces: ['.prewarm'], words: 'evaluating' },
      line: {
        level: 'info',
        cache: 'default',
        workspaces: ['.prewarm'],
        words: 'evaluating',
        msg: 'realising packages',
      },
    },
  ])('as $event.type with $event.failure.reason are a line of the log', ({ event, line }) => {
    const { listener, lines } = open();
    listener.cacheEvent(event);
    expect(lines).toEqual([expect.objectContaining(line)]);
    expect(lines[0]).not.toHaveProperty('type');
  });

  it('of workspaces that are only to be looked at are none', () => {
    const { listener, lines } = open();
    listener.cacheEvent({ type: 'changed', cache: 'default', workspaces: ['alice'] });
    expect(lines).toEqual([]);
  });
});
