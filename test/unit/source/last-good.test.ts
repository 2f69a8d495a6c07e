import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeFileSystem } from '../../../controller/source/files/file-system.js';
import type { FileSystem } from '../../../controller/source/files/file-system.js';
import { createFixture, facts, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

/** Refuses whatever `deny` matches, as a file system does for an ordinary user. */
function deniedBy(deny: () => string | null, code = 'EACCES'): FileSystem {
  const guard =
    <A extends unknown[], R>(call: (path: string, ...rest: A) => Promise<R>) =>
    (path: string, ...rest: A) =>
      path === deny() ? Promise.reject(Object.assign(new Error(code), { code })) : call(path, ...rest);
  const { readdir, lstat, stat, realpath, read } = nodeFileSystem;
  return {
    readdir: guard(readdir),
    lstat: guard(lstat),
    stat: guard(stat),
    realpath: guard(realpath),
    read: guard(read),
  };
}

describe('a spec that breaks (law 3)', () => {
  const breakages: [string, string | object, boolean][] = [
    ['is no JSON any more', '{', true],
    ['becomes empty', '', true],
    ['gets a bad field', workspace('alice', { memroy: 1 }), true],
    ['loses its name', { ...workspace('alice'), metadata: {} }, true],
    ['gets a bad name', workspace('Alice_1'), true],
    ['gets another name and breaks', workspace('bob', { image: 'UPPER' }), true],
    ['becomes too large', ' '.repeat(2_000_000), true],
  ];
  it.each(breakages)('that %s keeps its last good version, and says so', async (_what, content, complete) => {
    fixture.write('alice.json', workspace('alice'));
    fixture.write('zoe.json', workspace('zoe'));
    const desired = fixture.create();
    const before = (await desired.scan()).workspaces.get('alice');
    fixture.write('alice.json', content);
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
      const snapshot = await desired.scan();
      expect(facts(snapshot)).toMatchObject({
        complete,
        workspaces: { alice: 'debian:12 (problem)', zoe: 'debian:12' },
        removed: {},
        problems: 1,
      });
      expect(snapshot.workspaces.get('alice')?.specHash).toBe(before?.specHash);
      expect(snapshot.workspaces.get('alice')?.problem?.location.file).toBe(join(fixture.specs, 'alice.json'));
    }
    expect(desired.sources()[0]).toMatchObject({ readOnce: true, specs: { valid: 1, invalid: 1, lastGood: 1 } });
  });

  it.each(breakages)('that %s keeps it across a restart', async (_what, content, complete) => {
    fixture.write('alice.json', workspace('alice'));
    await fixture.create().scan();
    fixture.write('alice.json', content);
    const restarted = fixture.create();
    await restarted.scan();
    fixture.clock.advance(600);
    expect(facts(await restarted.scan())).toMatchObject({
      complete,
      workspaces: { alice: 'debian:12 (problem)' },
      removed: {},
      problems: 1,
    });
  });

  it('claims its name when there is no good version', async () => {
    fixture.write('a.json', workspace('alice', { image: 'UPPER' }));
    fixture.write('b.json', '{"metadata":{"name":"bob"},"spec":{"image":"x"},}');
    expect(facts(await fixture.create().scan())).toEqual({
      complete: true,
      workspaces: {},
      claimed: ['alice', 'bob'],
      removed: {},
      problems: 2,
    });
  });

  it('forbids all deletions when no name can be read from it', async () => {
    fixture.write('a.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(join(fixture.specs, 'a.json'));
    const broken = fixture.write('b.json', '{"spec":');
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
      expect(facts(await desired.scan())).toEqual({
        complete: false,
        workspaces: { alice: 'debian:12' },
        claimed: [],
        removed: {},
        problems: 1,
      });
    }
    unlinkSync(broken);
    await desired.scan();
    fixture.clock.advance(600);
    expect(facts(await desired.scan())).toEqual({
      complete: true,
      workspaces: {},
      claimed: [],
      removed: { alice: 'Retain' },
      problems: 0,
    });
  });

  it.each([
    ['no metadata', { kind: 'Workspace' }],
    ['a bad name', workspace('A_b')],
    ['an item without a name', { kind: 'List', items: [{ kind: 'Workspace' }] }],
  ])('with %s forbids them too', async (_what, content) => {
    fixture.write('b.json', content);
    expect(facts(await fixture.create().scan())).toEqual({
      complete: false,
      workspaces: {},
      claimed: [],
      removed: {},
      problems: 1,
    });
  });

  it('that belongs to another tool forbids nothing', async () => {
    fixture.write('package.json', { name: 'x', version: '1.0.0' });
    expect(facts(await fixture.create().scan())).toMatchObject({ complete: true, problems: 1 });
  });

  it('is one item of a List: the others apply', async () => {
    const list = (image: string, other: string) => ({
      kind: 'List',
      items: [workspace('alice', { image }), workspace('bob', { image: other })],
    });
    fixture.write('all.json', list('debian:12', 'debian:12'));
    const desired = fixture.create();
    await desired.scan();
    const path = fixture.write('all.json', list('BAD', 'debian:13'));
    const snapshot = await desired.scan();
    expect(facts(snapshot)).toMatchObject({
      complete: true,
      workspaces: { alice: 'debian:12 (problem)', bob: 'debian:13' },
      problems: 1,
    });
    expect(snapshot.workspaces.get('alice')?.problem?.location).toMatchObject({ file: path, line: 11, column: 18 });
    expect(snapshot.workspaces.get('bob')?.location.line).toBe(14);
  });

  it('applies again once it is mended', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    fixture.write('alice.json', '{');
    await desired.scan();
    fixture.write('alice.json', workspace('alice', { image: 'debian:13' }));
    expect(facts(await desired.scan())).toMatchObject({
      complete: true,
      workspaces: { alice: 'debian:13' },
      problems: 0,
    });
  });
});

describe('what cannot be read is not absent (law 2)', () => {
  it.each(['missing', 'moved away', 'a file', 'denied'])(
    'a source that is %s keeps all that is known from it',
    async (how) => {
      fixture.write('alice.json', workspace('alice'));
      fixture.write('sub/bob.json', workspace('bob'));
      let denied: string | null = null;
      const desired = fixture.create({ fs: deniedBy(() => denied) });
      await desired.scan();
      if (how === 'denied') denied = fixture.specs;
      else renameSync(fixture.specs, join(fixture.root, 'away'));
      if (how === 'a file') writeFileSync(fixture.specs, '');
      for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
        expect(facts(await desired.scan())).toEqual({
          complete: false,
          workspaces: { alice: 'debian:12', bob: 'debian:12' },
          claimed: [],
          removed: {},
          problems: 1,
        });
      }
      expect(desired.sources()[0]).toMatchObject({
        readOnce: true,
        problems: [expect.objectContaining({ message: expect.stringContaining('the directory cannot be read') })],
      });
    },
  );

  it('an unreadable sub-directory keeps what is known from it, and the rest goes on', async () => {
    fixture.write('alice.json', workspace('alice'));
    fixture.write('sub/bob.json', workspace('bob'));
    let denied: string | null = null;
    const desired = fixture.create({ fs: deniedBy(() => denied) });
    await desired.scan();
    denied = join(fixture.specs, 'sub');
    fixture.write('alice.json', workspace('alice', { image: 'debian:13' }));
    expect(facts(await desired.scan())).toEqual({
      complete: false,
      workspaces: { alice: 'debian:13', bob: 'debian:12' },
      claimed: [],
      removed: {},
      problems: 1,
    });
    denied = null;
    expect(facts(await desired.scan())).toMatchObject({ complete: true, problems: 0 });
  });

  it('an unreadable sub-directory still counts in a quarrel over a name', async () => {
    fixture.write('a.json', workspace('alice'));
    fixture.write('sub/a.json', workspace('alice', { image: 'debian:13' }));
    let denied: string | null = null;
    const desired = fixture.create({ fs: deniedBy(() => denied) });
    await desired.scan();
    denied = join(fixture.specs, 'sub');
    expect(facts(await desired.scan())).toEqual({
      complete: false,
      workspaces: {},
      claimed: ['alice'],
      removed: {},
      problems: 3,
    });
  });

  it.each(['EACCES', 'EIO', 'EMFILE'])('a file that fails with %s keeps its workspace', async (code) => {
    const path = fixture.write('alice.json', workspace('alice'));
    fixture.write('bob.json', workspace('bob'));
    let denied: string | null = null;
    const desired = fixture.create({ fs: deniedBy(() => denied, code) });
    await desired.scan();
    denied = path;
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
      expect(facts(await desired.scan())).toMatchObject({
        complete: true,
        workspaces: { alice: 'debian:12 (problem)', bob: 'debian:12' },
        removed: {},
        problems: 1,
      });
    }
  });

  it('a restart without the source keeps the last good specs', async () => {
    fixture.write('alice.json', workspace('alice'));
    await fixture.create().scan();
    rmSync(fixture.specs, { recursive: true });
    const restarted = fixture.create();
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600)) {
      expect(facts(await restarted.scan())).toEqual({
        complete: false,
        workspaces: { alice: 'debian:12' },
        claimed: [],
        removed: {},
        problems: 1,
      });
    }
    expect(restarted.sources()[0]).toMatchObject({ readOnce: false, lastSuccess: null });
  });
});

describe('the records of last good specs', () => {
  const record = () => join(fixture.state, 'last-good', 'alice.json');

  it('are private, and written only on a change', async () => {
    fixture.write('alice.json', workspace('alice'));
    mkdirSync(join(fixture.state, 'last-good'), { recursive: true });
    writeFileSync(join(fixture.state, 'last-good', '.alice.1.tmp'), 'left by a killed run');
    const desired = fixture.create();
    await desired.scan();
    expect(statSync(record()).mode & 0o777).toBe(0o600);
    expect(statSync(join(fixture.state, 'last-good')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(fixture.state, 'last-good'))).toEqual(['alice.json']);
    const inode = statSync(record(), { bigint: true });
    await desired.scan();
    await fixture.create().scan();
    expect(statSync(record(), { bigint: true })).toMatchObject({ ino: inode.ino, ctimeNs: inode.ctimeNs });
    fixture.write('alice.json', workspace('alice', { image: 'debian:13' }));
    await desired.scan();
    expect(readFileSync(record(), 'utf8')).toContain('debian:13');
  });

  it('hold no secret', async () => {
    writeFileSync(join(fixture.secrets, 'token'), 'hunter2');
    fixture.write('alice.json', workspace('alice', { env: [{ name: 'TOKEN', valueFrom: { secretFile: 'token' } }] }));
    await fixture.create().scan();
    expect(readFileSync(record(), 'utf8')).not.toMatch(/hunter2|scrypt/);
  });

  it.each([
    ['cut', '{"version":1'],
    ['of another version', '{"version":9}'],
    [
      'of another name',
      JSON.stringify({
        version: 1,
        location: { source: '', file: '', line: 1, column: 1 },
        workspace: workspace('bob'),
      }),
    ],
    [
      'invalid by now',
      JSON.stringify({
        version: 1,
        location: { source: '', file: '', line: 1, column: 1 },
        workspace: workspace('alice', { nonsense: 1 }),
      }),
    ],
    ['null', 'null'],
    ['empty', ''],
  ])('are ignored when they are %s', async (_what, text) => {
    mkdirSync(join(fixture.state, 'last-good'), { recursive: true });
    writeFileSync(record(), text);
    const desired = fixture.create();
    expect(facts(await desired.scan())).toEqual({
      complete: true,
      workspaces: {},
      claimed: [],
      removed: {},
      problems: 0,
    });
  });

  it('that cannot be written are a problem and no failure, and are written once they can be', async () => {
    fixture.write('alice.json', workspace('alice'));
    writeFileSync(fixture.state, 'in the way');
    const desired = fixture.create();
    expect(facts(await desired.scan())).toMatchObject({
      complete: true,
      workspaces: { alice: 'debian:12' },
      problems: 1,
    });
    unlinkSync(fixture.state);
    expect(facts(await desired.scan())).toMatchObject({ problems: 0 });
    expect(readFileSync(record(), 'utf8')).toContain('debian:12');
    chmodSync(record(), 0o600);
  });

  it('are not needed', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create({ stateDir: null });
    await desired.scan();
    fixture.write('alice.json', '{');
    expect(facts(await desired.scan())).toMatchObject({ workspaces: { alice: 'debian:12 (problem)' } });
  });
});

describe('one name in two files', () => {
  it('is refused in both, and the last good version stays', async () => {
    const first = fixture.write('a.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    const second = fixture.write('b.json', workspace('alice', { image: 'debian:13' }));
    const both = await desired.scan();
    expect(facts(both)).toEqual({
      complete: true,
      workspaces: { alice: 'debian:12 (problem)' },
      claimed: [],
      removed: {},
      problems: 2,
    });
    expect(both.problems.map((problem) => [problem.location.file, problem.message])).toEqual([
      [first, `metadata.name: "alice" is also defined at ${second}:5: rename or remove one of them`],
      [second, `metadata.name: "alice" is also defined at ${first}:5: rename or remove one of them`],
    ]);
    unlinkSync(first);
    expect(facts(await desired.scan())).toEqual({
      complete: true,
      workspaces: { alice: 'debian:13' },
      claimed: [],
      removed: {},
      problems: 0,
    });
  });

  it('is claimed when there is no good version, across sources too', async () => {
    const other = join(fixture.root, 'other');
    mkdirSync(other);
    fixture.write('a.json', workspace('alice'));
    writeFileSync(join(other, 'a.json'), JSON.stringify(workspace('alice')));
    expect(facts(await fixture.create({ directories: [fixture.specs, other] }).scan())).toEqual({
      complete: true,
      workspaces: {},
      claimed: ['alice'],
      removed: {},
      problems: 2,
    });
  });

  it('is no duplicate when it is one file seen twice', async () => {
    fixture.write('team/a.json', workspace('alice'));
    symlinkSync('team/a.json', join(fixture.specs, 'link.json'));
    const desired = fixture.create({ directories: [fixture.specs, fixture.specs, join(fixture.specs, 'team')] });
    const snapshot = await desired.scan();
    expect(facts(snapshot)).toEqual({
      complete: true,
      workspaces: { alice: 'debian:12' },
      claimed: [],
      removed: {},
      problems: 0,
    });
    expect(snapshot.workspaces.get('alice')?.location.file).toBe(join(fixture.specs, 'team/a.json'));
  });

  it('is no duplicate when the other one is broken', async () => {
    fixture.write('a.json', workspace('alice'));
    fixture.write('b.json', workspace('alice', { nonsense: 1 }));
    expect(facts(await fixture.create().scan())).toEqual({
      complete: true,
      workspaces: { alice: 'debian:12' },
      claimed: [],
      removed: {},
      problems: 1,
    });
  });
});
