import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../controller/model/canonical.js';
import type { CacheConfig, DesiredSnapshot, DesiredWorkspace } from '../../../controller/model/desired.js';
import { codeSpan } from '../../../controller/plan/compare/code-span.js';
import { compareDesired, isEmpty } from '../../../controller/plan/compare/compare.js';
import { compareMarkdown } from '../../../controller/plan/compare/compare-markdown.js';
import { comparisonRows } from '../../../controller/plan/compare/compare-rows.js';
import { compareText } from '../../../controller/plan/compare/compare-text.js';
import { change, listChanges } from '../../../controller/plan/value-change.js';
import { cases, SEED } from '../../support/cases.js';
import { admitted, cacheArbitrary, hostile, pairOf, specArbitrary } from './compare-arbitraries.js';
import { commit, snapshot } from './compare-samples.js';

const RUNS = { numRuns: cases(150, 4_000), seed: SEED };
/** What the engine gets of a workspace. */
const definition = ({ creation, inPlace, packages, state, reclaimPolicy, imagePullPolicy }: DesiredWorkspace): string =>
  canonicalJson({ creation, inPlace, packages, state, reclaimPolicy, imagePullPolicy });

const workspaces = pairOf(specArbitrary).map(([before, after]): [DesiredSnapshot, DesiredSnapshot] => [
  snapshot({ alice: admitted(before) }),
  snapshot({ alice: admitted(after) }),
]);
/** As the resolver has them: the order of mounts means nothing. */
const resolved = ({ mounts = [], ...config }: Partial<CacheConfig>): Partial<CacheConfig> => ({
  ...config,
  mounts: [...mounts].sort((a, b) => (a.target < b.target ? -1 : 1)),
});
const caches = pairOf(cacheArbitrary).map(([before, after]): [DesiredSnapshot, DesiredSnapshot] => [
  snapshot({}, { team: resolved(before) }),
  snapshot({}, { team: resolved(after) }),
]);
const both = fc.tuple(workspaces, caches).map(([[a, b], [c, d]]): [DesiredSnapshot, DesiredSnapshot] => [
  { ...a, caches: c.caches },
  { ...b, caches: d.caches },
]);

function markdownOf(before: DesiredSnapshot, after: DesiredSnapshot): string {
  return compareMarkdown(compareDesired(before, after), {
    from: commit('a'),
    to: commit('b'),
    problems: [],
    failure: null,
  });
}

/** A code span as CommonMark reads it: from a run of backticks to the next one of its length. */
const SPAN = /(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g;

describe('any two sets of specs', () => {
  it('that differ in what is wanted have a row, and those that do not have none', () => {
    fc.assert(
      fc.property(workspaces, ([before, after]) => {
        const isSame = definition(before.workspaces.get('alice')!) === definition(after.workspaces.get('alice')!);
        expect(isEmpty(compareDesired(before, after))).toBe(isSame);
        expect(comparisonRows(compareDesired(before, after)).length === 0).toBe(isSame);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(caches, ([before, after]) => {
        const isSame =
          canonicalJson(before.caches.get('team')!.config) === canonicalJson(after.caches.get('team')!.config);
        expect(isEmpty(compareDesired(before, after))).toBe(isSame);
      }),
      RUNS,
    );
  });

  it('tell causes short enough to be shown whole, of which no two sides read the same', () => {
    fc.assert(
      fc.property(both, ([before, after]) => {
        for (const { causes } of comparisonRows(compareDesired(before, after))) {
          for (const cause of causes) {
            expect([cause.length > 0, cause.length <= 400]).toEqual([true, true]);
            const [old = '', wanted, ...more] = cause.split(' -> ');
            if (wanted !== undefined && more.length === 0) expect(old.endsWith(`: ${wanted}`)).toBe(false);
          }
        }
      }),
      RUNS,
    );
  });

  it('are told in one line a row, and no plain value of a variable', () => {
    fc.assert(
      fc.property(workspaces, fc.constantFrom('before', 'after'), ([before, after], side) => {
        const [one] = [...(side === 'before' ? before : after).workspaces.values()];
        const secret = { ...one!, creation: { ...one!.creation, env: [{ name: 'TOKEN', value: 'hunter2' }] } };
        const told: DesiredSnapshot = {
          ...(side === 'before' ? before : after),
          workspaces: new Map([['alice', secret]]),
        };
        const comparison = side === 'before' ? compareDesired(told, after) : compareDesired(before, told);
        const text = compareText(comparison);
        expect(text).not.toContain('hunter2');
        expect(text.split('\n').length - 1).toBe(Math.max(1, comparisonRows(comparison).length));
      }),
      RUNS,
    );
  });

  it('make a table that no text breaks', () => {
    fc.assert(
      fc.property(both, ([before, after]) => {
        const text = markdownOf(before, after);
        const rows = comparisonRows(compareDesired(before, after));
        const lines = text.split('\n');
        const table = lines.filter((line) => line.startsWith('| `'));
        expect(table.length).toBe(rows.length);
        for (const [index, line] of table.entries()) {
          expect(line.match(/\|/g)?.length).toBe(4);
          expect(line).not.toMatch(/[\u0000-\u001f\u2028\u2029\u202a-\u202e]|[\ud800-\udfff]/u);
          // As many spans as there are things to tell, and nothing of them outside.
          const spans = line.match(SPAN) ?? [];
          expect(spans.length).toBe(1 + rows[index]!.causes.length + rows[index]!.notes.length);
          expect(line.replace(SPAN, '').replace(/<br>/g, '')).toMatch(/^\| +\| [a-z ,]+ \| +\|$/);
        }
        // A line of GitLab's that begins with a slash is an order.
        expect(lines.filter((line) => line.startsWith('/'))).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe('any two values', () => {
  const value = fc.oneof(hostile, fc.constantFrom(null, 'none', 0, 1, true), fc.array(hostile, { maxLength: 4 }));

  it('never read the same', () => {
    const alike = fc
      .tuple(hostile, hostile, hostile, hostile)
      .map(([start, a, b, end]): [string, string] => [
        `${start.repeat(20)}${a}${end}`,
        `${start.repeat(20)}${b}${end}`,
      ]);
    fc.assert(
      fc.property(fc.oneof(fc.tuple(value, value), alike), ([before, after]) => {
        fc.pre(canonicalJson(before) !== canonicalJson(after));
        const parts = change(before, after).split(' -> ');
        expect(parts.length).toBeGreaterThan(1);
        // Where a side has an arrow of its own, nobody can tell where the other ends.
        if (parts.length === 2) expect(parts[0]).not.toBe(parts[1]);
      }),
      { numRuns: cases(600, 20_000), seed: SEED },
    );
  });

  it('of a list are told where they differ, and only there', () => {
    const items = fc.array(fc.oneof(hostile, fc.constantFrom('a', 'b', 'x'.repeat(170), `${'x'.repeat(170)}1`)), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(items, items, (before, after) => {
        const causes = listChanges('list', before, after);
        expect(causes.length === 0).toBe(canonicalJson(before) === canonicalJson(after));
        const [added, removed] = ['added', 'removed'].map((word) =>
          causes.flatMap((cause) => (cause.startsWith(`list: ${word} `) ? [cause.replace(word, '')] : [])),
        );
        expect(added!.filter((cause) => removed!.includes(cause))).toEqual([]);
      }),
      { numRuns: cases(300, 10_000), seed: SEED },
    );
  });

  it('make code spans of which each is one', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (texts) => {
        const line = texts.map(codeSpan).join('<br>');
        expect(line.match(SPAN)?.length).toBe(texts.length);
        expect(line.replace(SPAN, '')).toBe(Array(texts.length).join('<br>'));
      }),
      { numRuns: cases(300, 10_000), seed: SEED },
    );
  });
});
