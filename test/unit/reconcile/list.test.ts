import { describe, expect, it } from '@jest/globals';
import { list, surveyTrigger } from '../../../controller/reconcile/list.js';
import { scan } from '../../../controller/reconcile/scan.js';
import { NOW, openLoop, snapshotOf, taken } from './open-loop.js';

describe('why all workspaces are surveyed', () => {
  const known = { engineUp: true, lastListAt: NOW };
  it.each([
    ['at the first list', { engineUp: false, lastListAt: null }, true, 'start', 'start'],
    ['after an outage', { engineUp: false, lastListAt: NOW }, true, 'retry', 'engine-up'],
    ['after the event stream began anew', known, false, 'resync+stream-open', 'stream'],
    ['at a deep resync', known, true, 'resync', 'deep'],
    ['when a container of somebody else went', known, false, 'woken', 'woken'],
    ['at a resync', known, false, 'resync', 'resync'],
    ['when another list was asked for', known, false, 'unreachable', 'resync'],
  ] as const)('%s', (_when, before, deep, trigger, expected) =>
    expect(surveyTrigger(before, deep, trigger)).toBe(expected),
  );
});

describe('a list', () => {
  it('that succeeds opens the queue and queues what needs work', async () => {
    const { loop, reports } = openLoop({ snapshot: () => snapshotOf(['a']) });
    await scan(loop);
    reports();
    await list(loop, false, 'start');
    expect(loop.inputState).toEqual({ engineUp: true, lastListAt: NOW, lastScanAt: NOW });
    expect(reports()).toEqual(['engineUp true', 'held ']);
    expect(await taken(loop.queue)).toEqual(['#shared start', 'a start']);
  });

  it('that fails is retried, and makes every status unknown after two resyncs only', async () => {
    let isAway = false;
    const { loop, clock, reports } = openLoop({
      snapshot: () => snapshotOf(['a']),
      engine: () => (isAway ? null : []),
    });
    await scan(loop);
    await list(loop, false, 'start');
    isAway = true;
    reports();
    clock.advance(60_000);
    await list(loop, false, 'resync');
    expect(reports()).toEqual(['engineUp false']);
    expect(loop.inputs.size()).toMatchObject({ waiting: 0, delayed: 1 });
    clock.advance(30_000);
    expect(loop.inputs.size()).toMatchObject({ waiting: 1, delayed: 0 });
    await list(loop, false, 'retry');
    expect(reports()).toEqual(['engineUp false', 'report a failing']);
    isAway = false;
    await list(loop, true, 'retry');
    expect(reports().slice(0, 2)).toEqual(['engineUp true', 'held ']);
  });

  it('that the end of the loop cut short reports nothing', async () => {
    const { loop, abort, reports } = openLoop({ engine: () => (abort(), null) });
    await list(loop, false, 'start');
    expect([reports(), loop.inputs.size().delayed]).toEqual([[], 0]);
  });
});
