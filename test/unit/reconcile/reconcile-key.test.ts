import { describe, expect, it } from '@jest/globals';
import { createKeyReconciler } from '../../../controller/reconcile/reconcile-key.js';
import { openLoop, taken } from './open-loop.js';

const item = (key: string) => ({ key, trigger: 'test', observed: true, waitedSeconds: 2 });
const untouched = { operations: 0, failure: null, recheckMs: null };

describe('a worker of the loop', () => {
  it('reconciles a cache by its key', async () => {
    const asked: string[] = [];
    const { loop, reports } = openLoop({
      caches: { reconcile: async (cache) => (asked.push(cache), untouched) },
    });
    await createKeyReconciler(loop)(item('#cache:team'));
    expect(asked).toEqual(['team']);
    expect(reports().map((report) => report.split(' ')[0])).toEqual(['queueWaited', 'reconciled', 'queueChanged']);
  });

  it('retries a key whose call failed, and asks for a list when the engine is away', async () => {
    const { loop, clock, reports } = openLoop({ caches: { reconcile: () => Promise.reject(new Error('away')) } });
    await createKeyReconciler(loop)(item('#cache:team'));
    expect(reports()).toContain('retried #cache:team');
    expect(await taken(loop.inputs)).toEqual(['#list unreachable']);
    clock.advance(500);
    expect(await taken(loop.queue)).toEqual(['#cache:team retry']);
  });

  it('drops a failure at the end of the loop', async () => {
    const { loop, abort, reports } = openLoop({ caches: { reconcile: () => Promise.reject(new Error('away')) } });
    abort();
    await createKeyReconciler(loop)(item('#cache:team'));
    expect([reports().map((report) => report.split(' ')[0]), loop.queue.size().delayed]).toEqual([
      ['queueWaited', 'queueChanged'],
      0,
    ]);
  });

  it('throws what is no engine failure', async () => {
    const { loop } = openLoop({ caches: { reconcile: () => Promise.reject(new TypeError('a bug')) } });
    const work = createKeyReconciler({
      ...loop,
      classify: (error) => {
        throw error;
      },
    });
    await expect(work(item('#cache:team'))).rejects.toThrow('a bug');
  });
});
