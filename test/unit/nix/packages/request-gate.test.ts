import { describe, expect, it } from '@jest/globals';
import { createRequestGate, type RequestGate } from '../../../../controller/nix/packages/request-gate.js';

const CASES: readonly { steps: readonly ('hold' | 'seal' | 'unseal' | 'open')[]; rooted: boolean; other: boolean }[] = [
  { steps: [], rooted: false, other: false },
  { steps: ['hold'], rooted: false, other: true },
  { steps: ['hold', 'seal'], rooted: true, other: true },
  { steps: ['hold', 'seal', 'unseal'], rooted: false, other: true },
  { steps: ['hold', 'seal', 'open'], rooted: false, other: false },
  { steps: ['hold', 'seal', 'open', 'hold'], rooted: false, other: true },
  { steps: ['seal'], rooted: false, other: false },
];

describe('the gate for requests', () => {
  it.each(CASES)('after $steps is closed to rooted ones: $rooted, to others: $other', ({ steps, rooted, other }) => {
    const gate: RequestGate = createRequestGate();
    for (const step of steps) gate[step]();
    expect([gate.isClosed(true), gate.isClosed(false)]).toEqual([rooted, other]);
  });

  it('keeps the last request of each workspace until it opens', () => {
    const gate = createRequestGate();
    const asked: string[] = [];
    gate.hold();
    for (const [workspace, what] of [
      ['alice', 'first'],
      ['bob', 'only'],
      ['alice', 'second'],
    ] as const)
      gate.keep(workspace, () => void asked.push(`${workspace} ${what}`));
    // Held once more, it forgets nothing.
    gate.hold();
    expect([gate.isAnyWaiting(), gate.isWaiting('bob'), gate.isWaiting('carol')]).toEqual([true, true, false]);
    for (const ask of gate.open().values()) ask();
    expect(asked).toEqual(['alice second', 'bob only']);
    expect([gate.isAnyWaiting(), gate.open().size]).toEqual([false, 0]);
  });
});
