import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { CACHE_PRIVATE_PATHS } from '../../../controller/model/names.js';
import { containerDefinition } from '../../../controller/plan/definition.js';
import { alice } from './samples.js';

describe('what a workspace sees of its cache', () => {
  it('is without locks, database and roots', () => {
    expect(containerDefinition(alice(), 'default', [], null).maskedPaths).toBe(CACHE_PRIVATE_PATHS);
    expect(CACHE_PRIVATE_PATHS).toEqual(
      expect.arrayContaining([
        '/nix/var/kalpana',
        ...['db', 'gc.lock', 'gcroots', 'temproots'].map((name) => `/nix/var/nix/${name}`),
      ]),
    );
  });

  it('is without every directory that the keeper closes', () => {
    const keeper = readFileSync(new URL('../../../controller/nix/keeper/scripts/keeper.sh', import.meta.url), 'utf8');
    const closed = /^private='([^']+)'$/m
      .exec(keeper)?.[1]
      ?.split(' ')
      .map((name) => `/nix/var/nix/${name}`);
    expect(closed).toEqual(CACHE_PRIVATE_PATHS.filter((path) => /^\/nix\/var\/nix\/[^.]+$/.test(path)));
  });

  it.each(['/nix/store/x', '/nix/var/nix/profiles/kalpana/alice', '/nix/var/nix/daemon-socket/socket'])(
    'is %s all the same',
    (needed) => expect(CACHE_PRIVATE_PATHS.filter((path) => `${needed}/`.startsWith(`${path}/`))).toEqual([]),
  );

  it('is what the engine shows of itself without a cache', () => {
    expect(containerDefinition(alice({ cache: false }), 'default', [], null)).not.toHaveProperty('maskedPaths');
  });
});
