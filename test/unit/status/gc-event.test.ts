import { describe, expect, it } from '@jest/globals';
import type { GcRun } from '../../../controller/model/gc-status.js';
import { gcEvent } from '../../../controller/status/gc-event.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { collectedReport, sampleGc, sampleRun, unsuccessfulRun } from './gc-samples.js';
import { START } from './samples.js';

const nothing = { freedBytes: 0, freedPaths: 0 };

describe('the event of a collection that ended', () => {
  it.each<[string, GcRun, string | null]>([
    ['one that freed something', sampleRun(), 'Normal Collected: freed 1.2 GiB (34 paths)'],
    ['one by itself that found nothing', sampleRun(nothing), null],
    ['one over maxBytes that found nothing', sampleRun({ ...nothing, trigger: 'maxBytes' }), null],
    [
      'one that was asked for and found nothing',
      sampleRun({ ...nothing, trigger: 'request' }),
      'Normal Collected: freed 0 B (0 paths)',
    ],
    ['hard links alone', sampleRun({ freedBytes: 1_024, freedPaths: 0 }), 'Normal Collected: freed 1.0 KiB (0 paths)'],
    [
      'aborted',
      unsuccessfulRun('aborted', 'GcBusy', 'a realisation did not end'),
      'Warning GcBusy: a realisation did not end. Nothing was collected; the next run tries again.',
    ],
    [
      'failed',
      unsuccessfulRun('failed', 'GcDeadline', 'it took 30 min'),
      'Warning GcDeadline: it took 30 min. Raise gc.deadline of the NixCache if runs take this long; the next run goes on.',
    ],
    ['aborted without a cause', sampleRun({ result: 'aborted' }), 'Warning NotCollected: The collection was aborted.'],
    ['failed without a cause', sampleRun({ result: 'failed' }), 'Warning NotCollected: The collection failed.'],
  ])('%s', (_name, run, text) => {
    const event = gcEvent('default', run);
    expect(event === null ? null : `${event.type} ${event.reason}: ${event.message}`).toBe(text);
    if (event !== null) expect(event).toMatchObject({ workspace: null, cache: 'default' });
  });
});

describe('the status of a cache', () => {
  it('tells its collection as reported, and no event or condition comes of it', () => {
    const store = createStatusStore({ now: () => START });
    store.reportCache(collectedReport(sampleGc({ runs: [] })));
    const before = store.cache('default');
    const aborted = sampleGc({
      runs: [unsuccessfulRun('aborted', 'GcBusy', 'a realisation did not end')],
      underWay: 'scanning',
    });
    store.reportCache(collectedReport(aborted));
    const after = store.cache('default');
    expect([after?.gc, after?.phase, after?.conditions]).toEqual([aborted, 'Ready', before?.conditions]);
    expect(store.events().map(({ reason }) => reason)).toEqual(['Ready']);
    store.reportCache(collectedReport(null));
    expect(store.cache('default')?.gc).toBeNull();
  });
});
