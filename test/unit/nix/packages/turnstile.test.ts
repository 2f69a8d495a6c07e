import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTurnstile, type Claim } from '../../../../controller/nix/packages/turnstile.js';

interface Named extends Claim {
  readonly name: string;
}

const claim = (name: string, wants: string, rank = 0): Named => ({ name, rank, wants: new Set(wants) });
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('the turnstile', () => {
  it('lets those that share no path go side by side, and the others one after the other', async () => {
    const turnstile = createTurnstile<Named>();
    const inside: string[] = [];
    const [a, b, c] = [claim('a', 'xy'), claim('b', 'yz'), claim('c', 'q')];
    for (const one of [a, b, c]) void turnstile.enter(one).then(() => inside.push(one.name));
    await tick();
    expect(inside).toEqual(['a', 'c']);
    turnstile.leave(a);
    await tick();
    expect(inside).toEqual(['a', 'c', 'b']);
  });

  it('lets a workspace go before what prewarms', async () => {
    const turnstile = createTurnstile<Named>();
    const inside: string[] = [];
    const first = claim('first', 'x');
    for (const one of [first, claim('prewarm', 'x', 1), claim('workspace', 'x')])
      void turnstile.enter(one).then(() => inside.push(one.name));
    turnstile.leave(first);
    await tick();
    expect(inside).toEqual(['first', 'workspace']);
  });

  it('never has two inside that want one path, and keeps nobody out for ever', async () => {
    const claims = fc.array(
      fc.record({ wants: fc.uniqueArray(fc.constantFrom(...'abcdef'), { maxLength: 4 }), rank: fc.constantFrom(0, 1) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(claims, fc.infiniteStream(fc.nat(11)), async (wanted, picks) => {
        const turnstile = createTurnstile<Named>();
        const inside = new Set<Named>();
        let been = 0;
        wanted.forEach(({ wants, rank }, index) => {
          const one = claim(String(index), wants.join(''), rank);
          void turnstile.enter(one).then(() => {
            for (const other of inside) expect([...one.wants].some((path) => other.wants.has(path))).toBe(false);
            inside.add(one);
            been += 1;
          });
        });
        await tick();
        while (inside.size > 0) {
          const leaving = [...inside][picks.next().value % inside.size]!;
          inside.delete(leaving);
          turnstile.leave(leaving);
          await tick();
        }
        expect(been).toBe(wanted.length);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
