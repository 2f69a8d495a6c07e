import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { E2E_PARTS, LONG_E2E_PARTS, RUNS } from '../../../deploy/setup/e2e-runs.mjs';

const suites = readdirSync(fileURLToPath(new URL('../../e2e', import.meta.url))).map((name) =>
  name.replace('.test.ts', ''),
);

describe('the end-to-end runs', () => {
  it.each(Object.entries(RUNS))('%s names suites that there are', (_, { files = [], without = [] }) => {
    expect([...files, ...without].filter((name) => !suites.includes(name))).toEqual([]);
  });

  it('are the parts of npm test and of npm run test:all', () => {
    expect([...E2E_PARTS, ...LONG_E2E_PARTS].sort()).toEqual(Object.keys(RUNS).sort());
  });

  it('leave to long ones what a long one alone plays', () => {
    const isLong = (name: string) => name.endsWith('.long');
    const short = Object.entries(RUNS).filter(([, { files = [], long }]) => files.some(isLong) && long !== true);
    expect(short).toEqual([]);
  });

  it('show each suite on the newest engine or on the own one, and every kind of call on the own one', () => {
    expect(RUNS['e2e']).toMatchObject({ which: 'newest', keeper: 'forky' });
    expect(RUNS['e2e']?.files).toBeUndefined();
    expect(RUNS['e2e-own']?.files).toEqual(expect.arrayContaining([...(RUNS['e2e']?.without ?? [])]));
    expect(E2E_PARTS.map((name) => RUNS[name]?.which)).toEqual(['newest', 'own']);
  });

  it('show in test:all everything on both, and three releases of Nix between them', () => {
    const whole = LONG_E2E_PARTS.filter((name) => RUNS[name]?.files === undefined);
    expect(whole.map((name) => [RUNS[name]?.which, RUNS[name]?.long])).toEqual([
      ['newest', true],
      ['own', true],
    ]);
    expect(new Set(LONG_E2E_PARTS.map((name) => RUNS[name]?.keeper))).toEqual(new Set(['forky', 'trixie', 'bookworm']));
  });
});
