import { describe, expect, it } from '@jest/globals';
import { damageAfter, newFindings, pathsOf, takeLine } from '../../../../controller/nix/verify/findings.js';

const path = (digit: string) => `/nix/store/${digit.repeat(32)}-x`;
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(path) as [string, string, string, string];

function found(...lines: readonly string[]) {
  const findings = newFindings();
  for (const line of lines) takeLine(findings, line);
  return findings;
}

describe('what a verification prints', () => {
  it('is summed up', () => {
    expect(
      found('of 4 40', 'verified 2 300', `at ${A}`, `damaged ${C}`, `mended ${C}`, 'verified 1 50', `at ${B}`),
    ).toEqual({
      count: 4,
      total: 40,
      verifiedPaths: 3,
      verifiedBytes: 350,
      cursor: B,
      fates: new Map([[C, 'mended']]),
    });
  });

  it.each([
    'verified 1',
    'verified one 2',
    'verified -1 2',
    'verified 1 2 3',
    `verified 1 ${'9'.repeat(16)}`,
    'of 1',
    `at ${A}/bin`,
    `at ${A} 1`,
    'damaged /nix/store/x',
    `damaged /etc/passwd`,
    `damaged ${A}\u2028`,
    `damaged ${A} ${B}`,
    `constructor ${A}`,
    `toString ${A}`,
    '',
    ' ',
  ])('changes nothing when it is of another form: %j', (line) => {
    expect(found(line)).toEqual(newFindings());
  });

  it('names paths by what became of them, sorted', () => {
    const findings = found(`damaged ${C}`, `lost ${B}`, `whole ${A}`, `damaged ${D}`, `gone ${D}`);
    expect(pathsOf(findings, 'damaged', 'lost')).toEqual([B, C]);
    expect(pathsOf(findings, 'gone')).toEqual([D]);
  });
});

describe('damage', () => {
  it.each<[string, readonly string[], readonly string[], readonly string[], readonly string[], readonly string[]]>([
    ['that was found is known', [], [], [`damaged ${B}`, `damaged ${A}`], [A, B], []],
    ['that could not be mended is lost', [], [], [`damaged ${A}`, `lost ${A}`], [A], [A]],
    ['that is still there stays, and lost', [A, B], [B], [`damaged ${A}`, `damaged ${B}`], [A, B], [B]],
    ['that was mended goes', [A, B], [A, B], [`damaged ${A}`, `mended ${A}`, `damaged ${B}`], [B], [B]],
    ['that is whole again goes', [A], [A], [`whole ${A}`], [], []],
    ['that is gone goes', [A], [], [`gone ${A}`], [], []],
    ['that nobody looked at stays', [A, B], [B], [`damaged ${C}`], [A, B, C], [B]],
  ])('%s', (_what, damaged, lost, lines, after, lostAfter) => {
    expect(damageAfter({ damaged, lost }, found(...lines))).toEqual({ damaged: after, lost: lostAfter });
  });
});
