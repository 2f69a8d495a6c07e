import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { validatePaths } from '../../../controller/source/validate-paths.js';
import { cache, cacheFacts, createFixture, facts, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const record = (name: string) => join(fixture.state, 'last-good', name);
const lab = (network: string) => cache('default', { network });
const alice = { complete: true, workspaces: { alice: 'debian:12' }, claimed: [], removed: {}, problems: 0 };

describe('a cache and a workspace of one name', () => {
  it('are two objects', async () => {
    fixture.write('both.json', { kind: 'List', items: [workspace('default'), lab('none')] });
    const desired = fixture.create();
    const snapshot = await desired.scan();
    expect(facts(snapshot)).toEqual({ ...alice, workspaces: { default: 'debian:12' } });
    expect(cacheFacts(snapshot)).toEqual({ default: 'none' });
    expect(readdirSync(join(fixture.state, 'last-good')).sort()).toEqual(['default.json', 'nixcache.default.json']);
    expect(desired.sources()[0]?.specs).toEqual({ valid: 2, invalid: 0, lastGood: 0 });
  });

  it('break one by one', async () => {
    fixture.write('w.json', workspace('default'));
    fixture.write('c.json', lab('none'));
    const desired = fixture.create();
    await desired.scan();
    fixture.write('c.json', lab('host'));
    const one = await desired.scan();
    expect([facts(one), cacheFacts(one)]).toEqual([
      { ...alice, workspaces: { default: 'debian:12' }, problems: 1 },
      { default: 'none (problem)' },
    ]);
    fixture.write('c.json', lab('none'));
    fixture.write('w.json', workspace('default', { image: 'BAD' }));
    const other = await desired.scan();
    expect([facts(other), cacheFacts(other)]).toEqual([
      { ...alice, workspaces: { default: 'debian:12 (problem)' }, problems: 1 },
      { default: 'none' },
    ]);
  });

  it('are removed one by one', async () => {
    const [w, c] = [fixture.write('w.json', workspace('default')), fixture.write('c.json', lab('none'))];
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(c);
    await desired.scan();
    fixture.clock.advance(500);
    expect([
      facts(await desired.scan()),
      existsSync(record('nixcache.default.json')),
      existsSync(record('default.json')),
    ]).toEqual([{ ...alice, workspaces: { default: 'debian:12' } }, false, true]);
    fixture.write('c.json', lab('none'));
    unlinkSync(w);
    await desired.scan();
    fixture.clock.advance(500);
    const snapshot = await desired.scan();
    expect([facts(snapshot), cacheFacts(snapshot)]).toEqual([
      { ...alice, workspaces: {}, removed: { default: 'Retain' } },
      { default: 'none' },
    ]);
    await desired.forget('default');
    expect([existsSync(record('nixcache.default.json')), existsSync(record('default.json'))]).toEqual([true, false]);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'none' });
  });
});

describe('one cache in two files', () => {
  it('is refused in both, and the last good version stays', async () => {
    const first = fixture.write('a.json', lab('one'));
    const desired = fixture.create();
    await desired.scan();
    const second = fixture.write('b.json', lab('two'));
    const both = await desired.scan();
    expect(cacheFacts(both)).toEqual({ default: 'one (problem)' });
    expect(both.problems.map(({ location, workspace: name, message }) => [location.file, name, message])).toEqual([
      [first, null, `metadata.name: "default" is also defined at ${second}:5: rename or remove one of them`],
      [second, null, `metadata.name: "default" is also defined at ${first}:5: rename or remove one of them`],
    ]);
    unlinkSync(first);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'two' });
  });

  it('without a good version is none, and claims no workspace', async () => {
    fixture.write('alice.json', workspace('alice'));
    fixture.write('a.json', lab('one'));
    fixture.write('b.json', lab('two'));
    const snapshot = await fixture.create().scan();
    expect([facts(snapshot), cacheFacts(snapshot)]).toEqual([{ ...alice, problems: 2 }, {}]);
  });
});

describe('a cache whose spec breaks (law 3)', () => {
  const breakages: [string, string | object][] = [
    ['is no JSON any more', '{'],
    ['becomes empty', ''],
    ['gets a bad value', lab('host')],
    ['loses its name', { ...lab('one'), metadata: {} }],
    ['gets a misspelt kind', { ...lab('one'), kind: 'NixCash' }],
    ['gets another name and breaks', cache('other', { network: 'host' })],
  ];
  it.each(breakages)(
    'that %s keeps its last good version, and says so, across a restart too',
    async (_what, content) => {
      fixture.write('alice.json', workspace('alice'));
      fixture.write('cache.json', lab('one'));
      const desired = fixture.create();
      await desired.scan();
      const file = fixture.write('cache.json', content);
      for (const state of [desired, fixture.create()]) {
        for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
          const snapshot = await state.scan();
          expect(cacheFacts(snapshot)).toEqual({ default: 'one (problem)' });
          expect(snapshot.caches.get('default')?.problem).toMatchObject({ workspace: null, location: { file } });
          expect(facts(snapshot)).toEqual({ ...alice, complete: expect.any(Boolean), problems: 1 });
        }
        expect(state.sources()[0]?.specs).toEqual({ valid: 1, invalid: 1, lastGood: 1 });
      }
    },
  );

  it('is the same object as long as it stays as it is', async () => {
    fixture.write('cache.json', lab('one'));
    const desired = fixture.create();
    await desired.scan();
    fixture.write('cache.json', lab('host'));
    const before = (await desired.scan()).caches.get('default');
    expect((await desired.scan()).caches.get('default')).toBe(before);
    expect(before?.problem).not.toBeNull();
  });

  it('has its problem among all, with no workspace', async () => {
    fixture.write('cache.json', lab('host'));
    expect((await fixture.create().scan()).problems).toEqual([
      expect.objectContaining({ workspace: null, message: expect.stringContaining('spec.network: "host"') }),
    ]);
  });
});

describe('a cache whose spec is gone', () => {
  it('leaves after two complete scans half a second apart, and its record with it', async () => {
    fixture.write('alice.json', workspace('alice'));
    const path = fixture.write('cache.json', lab('one'));
    const desired = fixture.create();
    await desired.scan();
    expect(existsSync(record('nixcache.default.json'))).toBe(true);
    unlinkSync(path);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'one' });
    fixture.clock.advance(499);
    expect(cacheFacts(await desired.scan())).toEqual({ default: 'one' });
    fixture.clock.advance(1);
    const snapshot = await desired.scan();
    expect([facts(snapshot), cacheFacts(snapshot), [...snapshot.absent]]).toEqual([alice, { default: 'implied' }, []]);
    expect(existsSync(record('nixcache.default.json'))).toBe(false);
    expect(cacheFacts(await fixture.create().scan())).toEqual({ default: 'implied' });
  });

  it('is no absent workspace meanwhile', async () => {
    const path = fixture.write('cache.json', lab('one'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(path);
    expect((await desired.scan()).absent).toEqual(new Set());
  });

  it.each<[string, () => void]>([
    ['an unreadable source', () => renameSync(fixture.specs, `${fixture.specs}.away`)],
    ['a file that could hold it', () => void fixture.write('broken.json', '{"spec":')],
  ])('stays as long as there is %s', async (_what, spoil) => {
    const path = fixture.write('cache.json', lab('one'));
    await fixture.create().scan();
    unlinkSync(path);
    spoil();
    const restarted = fixture.create();
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
      const snapshot = await restarted.scan();
      expect([snapshot.complete, cacheFacts(snapshot)]).toEqual([false, { default: 'one' }]);
    }
  });

  it('keeps its record when only a plan looks', async () => {
    const path = fixture.write('cache.json', lab('one'));
    await fixture.create().scan();
    unlinkSync(path);
    const plan = fixture.create({ readOnly: true });
    await plan.scan();
    fixture.clock.advance(500);
    expect(cacheFacts(await plan.scan())).toEqual({});
    expect(existsSync(record('nixcache.default.json'))).toBe(true);
  });
});

describe('the record of a cache', () => {
  it('is as written, and none that an earlier release would take for a workspace', async () => {
    fixture.write('cache.json', lab('one'));
    await fixture.create().scan();
    expect(JSON.parse(readFileSync(record('nixcache.default.json'), 'utf8'))).toMatchObject({
      version: 1,
      cache: { kind: 'NixCache', spec: { network: 'one' } },
    });
    expect(readdirSync(join(fixture.state, 'last-good')).filter((name) => /^[a-z0-9-]+\.json$/.test(name))).toEqual([]);
  });

  const location = { source: '', file: '', line: 1, column: 1 };
  it.each<[string, string, object]>([
    ['of a later release', 'nixcache.default.json', { version: 1, location, cache: cache('default', { backup: {} }) }],
    ['of another cache', 'nixcache.default.json', { version: 1, location, cache: cache('lab') }],
    ['of a workspace', 'nixcache.default.json', { version: 1, location, workspace: workspace('default') }],
    [
      'of a kind that is none',
      'nixcache.default.json',
      { version: 1, location, cache: { ...cache('default'), kind: 'Other' } },
    ],
    ['of nothing', 'nixcache.default.json', { version: 1, location }],
    ["in a workspace's file", 'default.json', { version: 1, location, cache: cache('default') }],
    ['in a file of a kind to come', 'nixthing.default.json', { version: 1, location, cache: cache('default') }],
  ])('is ignored when it is one %s', async (_what, file, content) => {
    mkdirSync(join(fixture.state, 'last-good'), { recursive: true });
    writeFileSync(record(file), JSON.stringify(content));
    const snapshot = await fixture.create().scan();
    expect([facts(snapshot), cacheFacts(snapshot)]).toEqual([{ ...alice, workspaces: {} }, {}]);
  });
});

describe('packages of a workspace', () => {
  it('are distinct and sorted, and change neither its hash nor anything else', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    const before = (await desired.scan()).workspaces.get('alice');
    fixture.write('alice.json', workspace('alice', { packages: ['jq', 'nixpkgs#git', 'bat'] }));
    const after = (await desired.scan()).workspaces.get('alice');
    expect(after).toEqual({ ...before, packages: ['bat', 'jq', 'nixpkgs#git'] });
    expect(after?.creation.packagesFrom).toBe('profile');
  });

  it('come from nowhere without a cache', async () => {
    fixture.write('alice.json', workspace('alice', { cache: false }));
    expect((await fixture.create().scan()).workspaces.get('alice')).toMatchObject({
      packages: [],
      creation: { cache: null, packagesFrom: null },
    });
  });
});

describe('validatePaths', () => {
  it('counts both kinds, and knows two of one name apart', async () => {
    fixture.writeNow('all.json', { kind: 'List', items: [workspace('default'), cache('default'), cache('lab', {})] });
    expect(await validatePaths([fixture.specs])).toEqual({ problems: [], files: 1, objects: 3 });
    const other = fixture.writeNow('b.json', cache('lab'));
    expect(
      (await validatePaths([fixture.specs])).problems.map(({ location, message }) => [location.file, message]),
    ).toEqual([
      [
        join(fixture.specs, 'all.json'),
        `metadata.name: "lab" is also defined at ${other}:5: rename or remove one of them`,
      ],
      [other, expect.stringContaining('"lab" is also defined at')],
    ]);
  });
});
