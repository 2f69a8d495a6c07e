import { describe, expect, it } from '@jest/globals';
import { createKnownEnvironments } from '../../../../controller/nix/packages/known-environments.js';
import { createProfiles } from '../../../../controller/nix/packages/profiles.js';
import { environmentOf, keyOf, pathOf } from './fake-keeper.js';

const HELLO = keyOf('hello');
const TOOL = keyOf('tool');

describe('the profiles of a cache', () => {
  function filled() {
    const profiles = createProfiles();
    profiles.reset(
      new Map([
        ['alice', pathOf(HELLO)],
        ['bob', pathOf(HELLO)],
        ['carol', pathOf(TOOL)],
        ['odd', '/nix/store/something-else'],
      ]),
    );
    return profiles;
  }

  it.each([
    ['alice', HELLO],
    ['carol', TOOL],
    ['odd', null],
    ['nobody', null],
  ])('hold for %s: %s', (workspace, key) => {
    expect(filled().keyOf(workspace)).toBe(key);
  });

  it('are counted by what they hold', () => {
    const profiles = filled();
    expect([profiles.count(), profiles.holds(TOOL), profiles.holds(keyOf('other'))]).toEqual([3, true, false]);
    expect(profiles.holding(new Set([pathOf(HELLO)]))).toEqual(['alice', 'bob']);
  });

  it('change one by one', () => {
    const profiles = filled();
    profiles.set('alice', pathOf(TOOL));
    profiles.drop(['bob', 'nobody']);
    expect([profiles.names(), profiles.keyOf('alice'), profiles.holds(HELLO)]).toEqual([
      ['alice', 'carol', 'odd'],
      TOOL,
      false,
    ]);
  });

  it('are what the last keeper found', () => {
    const profiles = filled();
    profiles.reset(new Map());
    expect(profiles.names()).toEqual([]);
  });
});

describe('the environments that are known', () => {
  it('are those that a keeper found, by their keys, and those that came since', () => {
    const known = createKnownEnvironments();
    known.add(TOOL, environmentOf(TOOL));
    known.reset([environmentOf(HELLO), { path: '/nix/store/something-else', paths: 1, bytes: 1 }]);
    expect([known.has(HELLO), known.has(TOOL), known.get(TOOL)]).toEqual([true, false, null]);
    known.add(TOOL, environmentOf(TOOL));
    expect(known.get(TOOL)).toEqual(environmentOf(TOOL));
  });

  it('go by key or by path', () => {
    const known = createKnownEnvironments();
    for (const key of [HELLO, TOOL]) known.add(key, environmentOf(key));
    known.forget(new Set([pathOf(HELLO)]));
    expect([known.has(HELLO), known.has(TOOL)]).toEqual([false, true]);
    known.drop(TOOL);
    expect(known.has(TOOL)).toBe(false);
  });
});
