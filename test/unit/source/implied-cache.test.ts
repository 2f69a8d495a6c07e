import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cache, cacheFacts, createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const lab = (network: string) => cache('default', { network });

describe('the cache "default" without a spec', () => {
  it('is there when a workspace names it, always as the same object', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    const first = await desired.scan();
    expect(cacheFacts(first)).toEqual({ default: 'implied' });
    expect((await desired.scan()).caches.get('default')).toBe(first.caches.get('default'));
  });

  it.each<[string, object]>([
    ['no cache', { cache: false }],
    ['another one', { cache: 'lab' }],
  ])('is not there when the only workspace names %s', async (_what, spec) => {
    fixture.write('alice.json', workspace('alice', spec));
    expect(cacheFacts(await fixture.create().scan())).toEqual({});
  });

  it('goes with the last workspace that names it, once that is provably gone', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(path);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'implied' });
    fixture.clock.advance(500);
    expect(cacheFacts(await desired.scan())).toEqual({});
  });

  const claims: [string, object | string][] = [
    ['a bad field', lab('host')],
    ['a misspelt kind', { ...lab('bridge'), kind: 'NixCash' }],
    ['no kind', { ...lab('bridge'), kind: undefined }],
    ['no JSON', '{"kind":"NixCache","metadata":{"name":"default"},}'],
    ['no JSON and no kind', '{"metadata":{"name":"default"},}'],
    ['no name', { ...lab('bridge'), metadata: {} }],
  ];
  it.each(claims)('is not made up while a broken spec with %s may want it otherwise', async (_what, content) => {
    fixture.write('alice.json', workspace('alice'));
    fixture.write('cache.json', content);
    const snapshot = await fixture.create().scan();
    expect(cacheFacts(snapshot)).toEqual({});
    expect(snapshot.problems.map(({ location }) => location.file)).toEqual([join(fixture.specs, 'cache.json')]);
    expect(snapshot.workspaces.get('alice')?.problem).toBeNull();
  });

  it.each<[string, object | string]>([
    ['another cache', cache('lab', { network: 'host' })],
    ['a workspace', workspace('default', { image: 'BAD' })],
    ['nobody knows what', '{"spec":'],
  ])('is made up though the spec of %s is broken', async (_what, content) => {
    fixture.write('alice.json', workspace('alice'));
    fixture.write('other.json', content);
    expect(cacheFacts(await fixture.create().scan())).toEqual({ default: 'implied' });
  });

  it('is not made up while a file is being written, and stays when it was there before', async () => {
    fixture.write('alice.json', workspace('alice'));
    fixture.writeNow('cache.json', '{"kind": "Nix');
    const desired = fixture.create();
    expect(cacheFacts(await desired.scan())).toEqual({});
    fixture.clock.advance(400);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'implied' });
    fixture.writeNow('cache.json', '{"kind": "NixC');
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'implied' });
    fixture.write('cache.json', lab('none'));
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'none' });
  });
});
