import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { READERS, scopeOf } from '../../../deploy/setup/changed-tests.mjs';

describe('what npm run check runs again', () => {
  const gone = 'controller/plan/gone.ts';
  const scope = (...changed: string[]) => scopeOf(changed, (file) => file !== gone);

  it('is what imports a changed source or test, and what reads the sources as text', () => {
    const changed = ['controller/plan/plan.ts', 'test/support/cases.ts'];
    expect(scope(...changed)).toEqual(['--findRelatedTests', ...changed, ...READERS]);
    expect(scope()).toEqual(['--findRelatedTests', ...READERS]);
    expect(READERS.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('leaves out a deleted file, whose importers changed with it', () => {
    expect(scope(gone, 'controller/plan/plan.ts')).toEqual([
      '--findRelatedTests',
      'controller/plan/plan.ts',
      ...READERS,
    ]);
  });

  it.each([
    'package-lock.json',
    'jest.config.js',
    'docs/caches.md',
    'controller/nix/keeper/scripts/keeper.sh',
    'crds-like-schemas/workspace.schema.json',
    'deploy/setup/engine.d.mts',
    'deploy/examples/a.ts',
  ])('is everything after a change of %s, which jest does not know the readers of', (file) => {
    expect(scope('controller/plan/plan.ts', file)).toBeNull();
  });
});
