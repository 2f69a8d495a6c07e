import { describe, expect, it } from '@jest/globals';
import { circlesOf } from '../../../deploy/setup/check-imports.mjs';

describe('circles of imports', () => {
  it.each<[string, Record<string, string[]>, string[][]]>([
    ['none where all goes one way', { a: ['b', 'c'], b: ['c'], c: [] }, []],
    ['a file that imports itself', { a: ['a'] }, [['a']]],
    ['two files', { a: ['b'], b: ['c', 'a'], c: [] }, [['a', 'b']]],
    ['the shortest of several ways round', { a: ['b', 'c'], b: ['c'], c: ['a'] }, [['a', 'c']]],
    [
      'each of two apart',
      { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] },
      [
        ['c', 'd'],
        ['a', 'b'],
      ],
    ],
    ['a file that is not known', { a: ['package'] }, []],
  ])('%s', (_what, imports, circles) => {
    expect(circlesOf(new Map(Object.entries(imports)))).toEqual(circles);
  });
});
