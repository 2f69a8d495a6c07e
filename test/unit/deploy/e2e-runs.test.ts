import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { E2E_PARTS, MORE_E2E_PARTS, RUNS } from '../../../deploy/setup/e2e-runs.mjs';

const suites = readdirSync(fileURLToPath(new URL('../../e2e', import.meta.url))).map((name) =>
  name.replace('.test.ts', ''),
);

describe('the end-to-end runs', () => {
  it.each(Object.entries(RUNS))('%s names suites that there are', (_, { files = [] }) => {
    expect(files.filter((name) => !suites.includes(name))).toEqual([]);
  });

  it('are the parts of npm test and of npm run test:all', () => {
    expect([...E2E_PARTS, ...MORE_E2E_PARTS].sort()).toEqual(Object.keys(RUNS).sort());
  });

  it('show everything on the own engine, a part on the newest one, and in all of them three releases of Nix', () => {
    expect(RUNS['e2e']).toEqual({ which: 'own', keeper: 'trixie' });
    expect(E2E_PARTS.map((name) => RUNS[name]?.which)).toEqual(['own', 'newest']);
    expect(new Set(Object.values(RUNS).map(({ keeper }) => keeper))).toEqual(new Set(['forky', 'trixie', 'bookworm']));
    expect(Object.values(RUNS).filter(({ which, files }) => which === 'newest' && files === undefined)).toHaveLength(1);
  });
});
