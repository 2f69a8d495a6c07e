import { describe, expect, it } from '@jest/globals';
import { createEngineRecord } from '../../../controller/app/engine-record.js';
import { healthOf } from '../../../controller/app/health.js';

const NOW = 1_000_000;
const controller = (listedAgoMs: number | null, isUp = true, isScanned = true) => ({
  lastListAt: () => (listedAgoMs === null ? null : NOW - listedAgoMs),
  lastScanAt: () => (isScanned ? NOW : null),
  engineUp: () => isUp,
});
const read = [{ id: 'dir:/a', readOnce: true }];
const unread = [...read, { id: 'git:team', readOnce: false }];

describe('the health of a controller', () => {
  it.each<[string, Parameters<typeof healthOf>[0], typeof read, number, boolean, boolean, string]>([
    ['well', controller(4_000), read, 30_000, true, true, 'the engine was last listed 4 s ago'],
    ['just started', controller(null, false, false), read, 30_000, false, false, 'the engine was never listed; away'],
    [
      'without its engine',
      controller(50_000, false),
      read,
      30_000,
      true,
      false,
      'the engine was last listed 50 s ago; away',
    ],
    ['that hangs', controller(90_000), read, 30_000, false, true, 'the engine was last listed 90 s ago'],
    [
      'that lists every second, and hangs',
      controller(60_000),
      read,
      1_000,
      false,
      true,
      'the engine was last listed 60 s ago',
    ],
    ['that lists rarely', controller(200_000), read, 100_000, true, true, 'the engine was last listed 200 s ago'],
    [
      'with a source that was not read',
      controller(4_000),
      unread,
      30_000,
      true,
      false,
      'the engine was last listed 4 s ago; not read yet: git:team',
    ],
  ])('%s', (_what, of, sources, resyncMs, alive, ready, detail) =>
    expect(healthOf(of, sources, { resyncMs, engineDetail: 'away', now: NOW })).toEqual({ alive, ready, detail }),
  );
});

it('counts the lists of the engine that failed in a row', () => {
  const engine = createEngineRecord();
  const seen = () => [engine.failures(), engine.detail()];
  expect(seen()).toEqual([0, 'the engine was not asked yet']);
  engine.note(false, 'away');
  engine.note(false, 'still away');
  expect(seen()).toEqual([2, 'still away']);
  engine.note(true, '');
  expect(seen()).toEqual([0, '']);
});
