import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { nodeFileSystem } from '../../../controller/source/files/file-system.js';
import { formatProblem } from '../../../controller/source/parse/problem.js';
import { createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
  fixture.write('alice.json', withToken('alice'));
});
afterEach(() => fixture.clean());

const withToken = (name: string) => workspace(name, { env: [{ name: 'TOKEN', valueFrom: { secretFile: 'token' } }] });
const token = () => join(fixture.secrets, 'token');
const digestOf = (snapshot: DesiredSnapshot, name = 'alice') => {
  const [entry] = snapshot.workspaces.get(name)?.creation.env ?? [];
  return entry && 'digest' in entry ? entry.digest : null;
};
const valueOf = (snapshot: DesiredSnapshot) => snapshot.workspaces.get('alice')?.secrets.get('TOKEN')?.reveal();

describe('a secret', () => {
  it.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    [' x ', ' x '],
    ['', ''],
  ])('of the content %j has the value %j', async (content, value) => {
    writeFileSync(token(), content);
    const snapshot = await fixture.create().scan();
    expect(valueOf(snapshot)).toBe(value);
    expect(digestOf(snapshot)).toMatch(/^scrypt:[0-9a-f]{32}$/);
    expect(snapshot.workspaces.get('alice')).toMatchObject({ secretsReadable: true, problem: null });
  });

  it('is hashed anew by each workspace and instance, and alike by each run', async () => {
    writeFileSync(token(), 'hunter2');
    fixture.write('bob.json', withToken('bob'));
    const one = await fixture.create().scan();
    const again = await fixture.create().scan();
    const other = await fixture.create({ instance: 'other' }).scan();
    expect(digestOf(again)).toBe(digestOf(one));
    expect(new Set([digestOf(one), digestOf(one, 'bob'), digestOf(other)]).size).toBe(3);
  });

  it('that changes, changes the hash of the spec; one that is merely written again does not', async () => {
    writeFileSync(token(), 'hunter2');
    const desired = fixture.create();
    const first = await desired.scan();
    writeFileSync(token(), 'hunter2\n');
    const second = await desired.scan();
    expect(second.workspaces.get('alice')?.specHash).toBe(first.workspaces.get('alice')?.specHash);
    writeFileSync(token(), 'hunter3\n');
    const third = await desired.scan();
    expect(third.workspaces.get('alice')?.specHash).not.toBe(first.workspaces.get('alice')?.specHash);
    expect(valueOf(third)).toBe('hunter3');
  });

  it('is nowhere in the snapshot for one who prints it', async () => {
    writeFileSync(token(), 'hunter2');
    const snapshot = await fixture.create().scan();
    expect(inspect(snapshot, { depth: null })).not.toContain('hunter2');
    expect(
      JSON.stringify(
        [...snapshot.workspaces.values()].map((desired) => ({ ...desired, secrets: [...desired.secrets] })),
      ),
    ).not.toContain('hunter2');
  });

  it('may be mounted as Kubernetes and Docker do it', async () => {
    mkdirSync(join(fixture.secrets, '..2024'));
    writeFileSync(join(fixture.secrets, '..2024', 'token'), 'hunter2');
    symlinkSync('..2024', join(fixture.secrets, '..data'));
    symlinkSync('..data/token', token());
    expect(valueOf(await fixture.create().scan())).toBe('hunter2');
  });
});

describe('an unreadable secret', () => {
  const faults: [string, () => unknown, string][] = [
    ['missing', () => undefined, 'does not exist: put it there, readable for the controller'],
    ['a link to nothing', () => symlinkSync('nowhere', token()), 'does not exist'],
    [
      'a link out',
      () => {
        writeFileSync(join(fixture.root, 'out'), 'hunter2');
        symlinkSync('../out', token());
      },
      'is a link that leads out of the directory',
    ],
    ['a directory', () => mkdirSync(token()), 'is not a regular file'],
    ['a FIFO', () => execFileSync('mkfifo', [token()]), 'is not a regular file'],
    ['too large', () => writeFileSync(token(), 'hunter2'.repeat(5000)), 'the file is larger than 32 KiB'],
    ['not UTF-8', () => writeFileSync(token(), Buffer.from([0x68, 0xff])), 'is not valid UTF-8'],
    ['with NUL', () => writeFileSync(token(), 'hunter2\0'), 'holds a NUL character'],
  ];
  it.each(faults)(
    '(%s) is a problem that names variable, file and directory, and nothing more',
    async (_what, make, words) => {
      make();
      const snapshot = await fixture.create().scan();
      const [problem, ...others] = snapshot.problems;
      expect(others).toEqual([]);
      expect(formatProblem(problem!)).toContain(
        `alice.json:13:25: spec.env: TOKEN: the secret file "token" in "${fixture.secrets.slice(0, 60)}`,
      );
      expect(problem?.message).toContain(words);
      expect(problem?.message).not.toContain('hunter2');
      expect(problem?.workspace).toBe('alice');
      expect(snapshot.workspaces.get('alice')).toMatchObject({ secretsReadable: false, problem, secrets: new Map() });
      expect(digestOf(snapshot)).toBe('unreadable');
    },
  );

  it('denied to us says so', async () => {
    writeFileSync(token(), 'hunter2');
    const fs = {
      ...nodeFileSystem,
      read: (path: string, bytes: number) =>
        path === token()
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }))
          : nodeFileSystem.read(path, bytes),
    };
    expect((await fixture.create({ fs }).scan()).problems.map((problem) => problem.message)).toEqual([
      expect.stringContaining('permission denied'),
    ]);
  });

  it('keeps the digest of its last value, and comes back', async () => {
    writeFileSync(token(), 'hunter2');
    const desired = fixture.create();
    const first = await desired.scan();
    renameSync(token(), `${token()}.away`);
    for (let scan = 0; scan < 2; scan += 1) {
      const snapshot = await desired.scan();
      expect(snapshot.workspaces.get('alice')).toMatchObject({
        secretsReadable: false,
        specHash: first.workspaces.get('alice')?.specHash,
      });
    }
    renameSync(`${token()}.away`, token());
    expect((await desired.scan()).workspaces.get('alice')).toMatchObject({
      secretsReadable: true,
      problem: null,
      specHash: first.workspaces.get('alice')?.specHash,
    });
  });

  it('without a secrets directory names the option', async () => {
    const snapshot = await fixture.create({ secretsDir: null }).scan();
    expect(snapshot.problems.map((problem) => problem.message)).toEqual([
      'spec.env: TOKEN: the secret file "token" needs a secrets directory: start the controller with --secrets-dir',
    ]);
    expect(snapshot.workspaces.get('alice')?.secretsReadable).toBe(false);
  });

  it('does not hide that the spec is broken as well', async () => {
    writeFileSync(token(), 'hunter2');
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(token());
    const path = fixture.write('alice.json', '{');
    const snapshot = await desired.scan();
    expect(snapshot.problems).toHaveLength(2);
    expect(snapshot.workspaces.get('alice')).toMatchObject({
      secretsReadable: false,
      problem: { location: { file: path }, message: expect.stringContaining('not valid JSON') },
    });
  });
});
