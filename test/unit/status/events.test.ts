import { describe, expect, it } from '@jest/globals';
import { createEventRecord } from '../../../controller/status/events.js';

function recordAt(capacity?: number) {
  let now = 0;
  const record = createEventRecord({ now: () => now, capacity });
  const add = (workspace: string | null, message: string) => {
    now += 1_000;
    record.add({ type: 'Normal', workspace, reason: 'Ready', message });
  };
  const texts = (workspace?: string) =>
    record.list({ workspace }).map((event) => `${event.workspace ?? '-'} ${event.message} x${event.count}`);
  return { record, add, texts };
}

describe('createEventRecord', () => {
  it('counts a repetition, and keeps its first and its last time', () => {
    const { record, add } = recordAt();
    add('alice', 'a');
    add('alice', 'a');
    add('alice', 'a');
    expect(record.list()).toEqual([
      {
        type: 'Normal',
        workspace: 'alice',
        cache: null,
        reason: 'Ready',
        message: 'a',
        count: 3,
        firstTime: '1970-01-01T00:00:01.000Z',
        time: '1970-01-01T00:00:03.000Z',
      },
    ]);
  });

  it('counts also when another workspace spoke in between, and stays in the order of time', () => {
    const { add, texts } = recordAt();
    add('alice', 'a');
    add('bob', 'b');
    add(null, 'c');
    add('alice', 'a');
    expect(texts()).toEqual(['bob b x1', '- c x1', 'alice a x2']);
    expect(texts('alice')).toEqual(['alice a x2']);
  });

  it('does not count what came back after something else', () => {
    const { add, texts } = recordAt();
    add('alice', 'a');
    add('alice', 'b');
    add('alice', 'a');
    expect(texts()).toEqual(['alice a x1', 'alice b x1', 'alice a x1']);
  });

  it('keeps the last ones only, and forgets what it dropped', () => {
    const { add, texts } = recordAt(3);
    for (const message of ['1', '2', '3', '4']) add(`w${message}`, message);
    expect(texts()).toEqual(['w2 2 x1', 'w3 3 x1', 'w4 4 x1']);
    add('w1', '1');
    expect(texts()).toEqual(['w3 3 x1', 'w4 4 x1', 'w1 1 x1']);
  });

  it('tells a workspace from a cache of the same name, and lists by either', () => {
    const { record } = recordAt();
    const event = { type: 'Normal', reason: 'Ready', message: 'a' } as const;
    record.add({ ...event, workspace: 'blue' });
    record.add({ ...event, workspace: null, cache: 'blue' });
    record.add({ ...event, workspace: null, cache: 'green' });
    record.add({ ...event, workspace: null, cache: 'blue' });
    const owners = (filter?: object) =>
      record.list(filter).map(({ workspace, cache, count }) => `${workspace ?? '-'} ${cache ?? '-'} x${count}`);
    expect(owners()).toEqual(['blue - x1', '- green x1', '- blue x2']);
    expect(owners({ workspace: 'blue' })).toEqual(['blue - x1']);
    expect(owners({ cache: 'blue' })).toEqual(['- blue x2']);
    expect(owners({ cache: 'blue', workspace: 'blue' })).toEqual([]);
  });

  it('holds a thousand by default', () => {
    const { record, add } = recordAt();
    for (let index = 0; index < 1_100; index += 1) add('alice', String(index));
    expect(record.list()).toHaveLength(1_000);
    expect(record.list()[0]?.message).toBe('100');
  });
});
