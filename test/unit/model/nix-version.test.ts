import { describe, expect, it } from '@jest/globals';
import { compareNixVersions, isLix, parseNixVersion } from '../../../controller/model/nix-version.js';

describe('parseNixVersion', () => {
  it.each<[string, readonly [number, number, number, boolean] | null]>([
    ['2.34.8', [2, 34, 8, false]],
    ['2.8', [2, 8, 0, false]],
    ['2.26.3+dfsg', [2, 26, 3, false]],
    ['2.26.3-1', [2, 26, 3, false]],
    ['2.31.2_1', [2, 31, 2, false]],
    ['2.35.0pre20260502_94e24dd', [2, 35, 0, true]],
    ['2.35pre', [2, 35, 0, true]],
    ['2.94.0-dev', [2, 94, 0, true]],
    ['2.93.0-pre20250101-dev_aaaaaaa', [2, 93, 0, true]],
    ['', null],
    ['unknown', null],
    ['2', null],
    ['2.x', null],
    ['2.34.8.1', null],
    ['2.34.', null],
    ['-2.34.8', null],
    ['nix 2.34.8', null],
    ['2.34.8\n', null],
    ['99999.1.1', null],
  ])('%j', (text, parts) => {
    const parsed = parseNixVersion(text);
    expect(parsed === null ? null : [parsed.major, parsed.minor, parsed.patch, parsed.isPre]).toEqual(parts);
  });

  it('tells Lix by its number', () => {
    const lix = ['2.36.0', '2.89.9', '2.90.0', '2.95.2', '3.0.0'].filter((text) => isLix(parseNixVersion(text)!));
    expect(lix).toEqual(['2.90.0', '2.95.2']);
  });
});

describe('compareNixVersions', () => {
  it('puts numbers in the order of numbers, and a snapshot before its release', () => {
    const order = [
      '1.99.99',
      '2.3.18',
      '2.8.0',
      '2.8.1',
      '2.18.9',
      '2.34.7',
      '2.34.8pre1',
      '2.34.8',
      '2.34.10',
      '3.0.0',
    ];
    const sorted = [...order]
      .reverse()
      .map((text) => ({ text, version: parseNixVersion(text)! }))
      .sort((a, b) => compareNixVersions(a.version, b.version))
      .map(({ text }) => text);
    expect(sorted).toEqual(order);
    expect(compareNixVersions(parseNixVersion('2.8')!, parseNixVersion('2.8.0')!)).toBe(0);
  });
});
