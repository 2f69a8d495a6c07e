import { describe, expect, it } from '@jest/globals';
import { createPacer, mapLimit } from '../../../../controller/source/files/pacer.js';
import { settle } from '../../nix/packages/fake-keeper.js';

/** Longer than work goes on without a turn for others. */
function workLong(): void {
  const since = performance.now();
  while (performance.now() - since < 15);
}

describe('a pacer', () => {
  it('gives others a turn after a long stretch, and none before', async () => {
    const turns: string[] = [];
    const breathe = createPacer();
    setImmediate(() => turns.push('other'));
    await breathe();
    turns.push('short');
    workLong();
    await breathe();
    turns.push('long');
    expect(turns).toEqual(['short', 'other', 'long']);
  });

  it('stops the work at its next turn once it is to stop', async () => {
    const stop = new AbortController();
    const breathe = createPacer(stop.signal);
    stop.abort(new Error('stop'));
    workLong();
    await expect(breathe()).rejects.toThrow('stop');
  });
});

describe('work on many items', () => {
  it('is done at most so many at once, and gives the results in the order of the items', async () => {
    let [now, most] = [0, 0];
    const ends: (() => void)[] = [];
    const results = mapLimit(['a', 'b', 'c', 'd', 'e'], 2, async (item) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise<void>((resolve) => ends.push(resolve));
      now -= 1;
      return item.toUpperCase();
    });
    for (let ended = 0; ended < 5; ended += 1) {
      await settle();
      ends.pop()?.();
    }
    expect([await results, most]).toEqual([['A', 'B', 'C', 'D', 'E'], 2]);
  });

  it('fails with the first item that fails', async () => {
    const failing = (item: number) => (item === 2 ? Promise.reject(new Error(`item ${item}`)) : Promise.resolve(item));
    await expect(mapLimit([1, 2, 3], 2, failing)).rejects.toThrow('item 2');
  });

  it('is nothing where there are none', async () => {
    expect(await mapLimit([], 3, () => Promise.reject(new Error('never')))).toEqual([]);
  });
});
