import { describe, expect, it } from '@jest/globals';
import { environmentRequest, keyOfPath } from '../../../../controller/nix/packages/environment-key.js';

const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';
const KEY = '0123456789abcdef0123456789abcdef';

describe('the key of an environment', () => {
  it('stays the same over releases: profiles on disk are named by it', () => {
    expect(environmentRequest('/nixpkgs', ['hello', 'git'])).toEqual({
      key: '86a18e067512ef03edcd965c72a8f3a1',
      nixpkgs: '/nixpkgs',
      packages: [
        { kind: 'attribute', name: 'git' },
        { kind: 'attribute', name: 'hello' },
      ],
    });
  });

  it.each([
    { what: 'order', one: ['a', 'b'], other: ['b', 'a'], isSame: true },
    { what: 'repetition', one: ['a', 'a'], other: ['a'], isSame: true },
    { what: 'another package', one: ['a'], other: ['b'], isSame: false },
    { what: 'one package more', one: ['a'], other: ['a', 'b'], isSame: false },
  ])('does not differ by $what: $isSame', ({ one, other, isSame }) => {
    expect(environmentRequest('/n', one).key === environmentRequest('/n', other).key).toBe(isSame);
  });

  it('differs by nixpkgs, also for the very same list', () => {
    const packages = ['hello'];
    const keys = ['/a', '/b', '/a'].map((nixpkgs) => environmentRequest(nixpkgs, packages).key);
    expect(keys[0]).toBe(keys[2]);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('differs for a collection of roots, which gives each package a priority of its own', () => {
    const ranked = environmentRequest('/n', ['b', 'a'], { ranked: true });
    expect(ranked.packages).toEqual([
      { kind: 'attribute', name: 'a', priority: 1 },
      { kind: 'attribute', name: 'b', priority: 2 },
    ]);
    expect(ranked.key).not.toBe(environmentRequest('/n', ['b', 'a']).key);
  });

  it.each([
    ['hello', 'attribute'],
    ['github:owner/repo#tool', 'flake'],
    [`/nix/store/${HASH}-hello-2.12`, 'store-path'],
  ])('takes %s as %s', (name, kind) => {
    expect(environmentRequest('/n', [name]).packages).toEqual([{ kind, name }]);
  });

  it.each([
    [`/nix/store/${HASH}-kalpana-env-${KEY}`, KEY],
    [`/nix/store/${HASH}-kalpana-env-${KEY}.drv`, null],
    [`/nix/store/${HASH}-kalpana-env-${KEY.toUpperCase()}`, null],
    [`/nix/store/${HASH}-kalpana-env-short`, null],
    [`/nix/store/${HASH}-hello-2.12`, null],
    ['', null],
  ])('in the path %s is %s', (path, key) => {
    expect(keyOfPath(path)).toBe(key);
  });
});
