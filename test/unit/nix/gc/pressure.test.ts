import { describe, expect, it } from '@jest/globals';
import { chooseExpired } from '../../../../controller/nix/gc/pressure.js';
import type { Generation } from '../../../../controller/nix/gc/root-inventory.js';

const candidate = (name: string, path = name): Generation => ({ profile: name, number: 1, path, madeAt: 0 });
const own = (weights: Readonly<Record<string, Readonly<Record<string, number>>>>) =>
  new Map(Object.entries(weights).map(([path, sizes]) => [path, new Map(Object.entries(sizes))]));
const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];
const sameAsA = candidate('d', 'a');
const apart = own({ a: { a: 10 }, b: { b: 10 }, c: { c: 10 } });

const CASES: readonly [string, readonly Generation[], number, ReturnType<typeof own>, number, readonly Generation[]][] =
  [
    ['all fits', [a, b, c], 70, apart, 100, []],
    ['to the byte', [a, b, c], 71, apart, 100, [a]],
    ['the longest unused first, and no more than it takes', [a, b, c], 90, apart, 100, [a, b]],
    ['not even without all of them', [a, b, c], 500, apart, 100, [a, b, c]],
    ['nothing may go', [], 500, apart, 100, []],
    ['what two keep counts once', [a, b], 80, own({ a: { s: 15, a: 5 }, b: { s: 15 } }), 100, []],
    [
      'what two keep goes with the second only',
      [a, b, c],
      80,
      own({ a: { s: 30 }, b: { s: 30 }, c: { c: 10 } }),
      100,
      [a, b],
    ],
    ['one that keeps nothing of its own goes on the way', [a, b], 95, own({ b: { b: 10 } }), 100, [a, b]],
    [
      'two generations of one path: it goes with the last of them only',
      [a, sameAsA, b],
      85,
      own({ a: { a: 10 }, b: { b: 10 } }),
      100,
      [a, sameAsA],
    ],
  ];

describe('what goes over `maxBytes`', () => {
  it.each(CASES)('%s', (_, candidates, base, weights, maxBytes, expected) => {
    const chosen = chooseExpired(candidates, { base, own: weights }, maxBytes);
    expect([...chosen].map(({ profile }) => profile)).toEqual(expected.map(({ profile }) => profile));
  });
});
