import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatProblem } from '../../../controller/source/parse/problem.js';
import { createFixture, facts, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const good = (spec: string) =>
  `{"apiVersion":"kalpana.dev/v1","kind":"Workspace","metadata":{"name":"bad"},"spec":{"image":"debian:12"${spec}}}`;

/** One problem, at this place, with these words; the good file beside it applies all the same. */
const contents: [string, string | Buffer, string][] = [
  ['an empty file', '', '1:1: the file is empty'],
  ['white space', ' \n\t ', '1:1: the file is empty'],
  ['no JSON', 'hello', '1:1: not valid JSON: an unknown word'],
  ['a cut object', '{\n  "kind": ', '2:11: not valid JSON: the text ends in the middle'],
  ['a missing comma', '{\n  "a": 1\n  "b": 2\n}', '3:3: not valid JSON: a "," is missing'],
  ['a trailing comma', '{\n  "a": 1,\n}', '3:1: not valid JSON: a field name in double quotes must stand here'],
  ['a comment', '{\n  // no\n  "a": 1\n}', '2:3: not valid JSON: comments are not allowed'],
  ['single quotes', "{'a': 1}", '1:2: not valid JSON'],
  ['an open text', '{"a": "b\n}', '1:7: not valid JSON: a text is not closed'],
  ['two objects', '{}\n{}', '2:1: not valid JSON: there is more text after the end'],
  ['a control character in a text', '{"a": "b\u0001"}', '1:7: not valid JSON: a control character'],
  ['a bare number', '42', '1:1: must be an object that describes a Workspace'],
  ['null', 'null', '1:1: must be an object that describes a Workspace'],
  ['a list', '[]', '1:1: must be an object, not a list: write {"kind": "List"'],
  ['an empty object', '{}', '1:1: holds no Workspace: add "apiVersion", "kind", "metadata" and "spec"'],
  [
    'another kind',
    good('').replace('Workspace', 'Workspcae'),
    '1:39: kind: "Workspcae" is unknown; did you mean "Workspace"?',
  ],
  [
    'another API version',
    good('').replace('/v1', '/v2'),
    '1:15: apiVersion: "kalpana.dev/v2" is unknown; did you mean "kalpana.dev/v1"?',
  ],
  ['a wrong type', good(',"env":{}'), '1:111: spec.env: must be a list, not an object'],
  [
    'a name that is none',
    good('').replace('"bad"', '"Alice_1"'),
    '1:70: metadata.name: "Alice_1" is not a DNS label: use lower-case letters, digits and "-", at most 63',
  ],
  ['a duplicate key', '{\n  "kind": "Workspace",\n  "kind": "Workspace"\n}', '3:3: "kind" stands twice in one object'],
  ['__proto__', good(',"__proto__":{"memory":"1Gi"}'), '1:105: "__proto__" is not allowed as a key'],
  [
    '__proto__ in labels',
    good('').replace('"bad"', '"bad","labels":{"__proto__":"x"}'),
    '"__proto__" is not allowed as a key',
  ],
  ['an escaped constructor', good(',"\\u0063onstructor":1'), '"constructor" is not allowed as a key'],
  ['prototype', good(',"prototype":1'), '"prototype" is not allowed as a key'],
  ['65 levels', '['.repeat(65) + ']'.repeat(65), '1:65: nested deeper than 64 levels'],
  ['a million brackets', '['.repeat(1_000_000), '1:65: nested deeper than 64 levels'],
  ['a million braces', '{"a":'.repeat(200_000), 'nested deeper than 64 levels'],
  ['invalid UTF-8', Buffer.from('{\n"a": "\xff\xfe"}', 'latin1'), '2:1: the file is not valid UTF-8 (line 2)'],
  [
    'half a character at the end',
    Buffer.from([0x7b, 0x0a, 0x0a, 0xe2, 0x82]),
    '3:1: the file is not valid UTF-8 (line 3)',
  ],
  ['half a surrogate pair', good(',"command":["\\ud800"]'), '1:116: a text holds half a surrogate pair'],
  ['NUL in a text', good(',"command":["a\\u0000b"]'), '1:116: a text holds a NUL character'],
  ['NUL bytes', Buffer.alloc(1000), '1:1: not valid JSON'],
  ['1e400', good(',"resources":{"cpus":1e400}'), 'the number is too large'],
  ['a huge garbage file', '}{,'.repeat(340_000), '1:1: not valid JSON'],
  ['a List without items', '{"kind":"List"}', '1:1: items: a List needs "items"'],
  ['a List of nothing', '{"kind":"List","items":{}}', '1:24: items: must be a list of Workspaces'],
  [
    'a List in a List',
    '{"kind":"List","items":[\n{"kind":"List","items":[]}]}',
    '2:1: items[0]: a List holds no other List',
  ],
  [
    'a List with an unknown field',
    '{"kind":"List","itmes":[],"items":[]}',
    '1:16: itmes: unknown field of a List; did you mean "items"?',
  ],
  [
    'a List beyond all measure',
    `{"kind":"List","items":[${'1,'.repeat(400_000)}1]}`,
    '1:24: items: holds 400001 items, at most 10000',
  ],
];

describe('a file with', () => {
  it.each(contents)('%s gives one problem and harms no other file', async (_what, content, expected) => {
    fixture.write('good.json', workspace('good'));
    const path = fixture.write('bad.json', content);
    const snapshot = await fixture.create().scan();
    expect(snapshot.problems.map(formatProblem)).toEqual([expect.stringContaining(expected)]);
    expect(formatProblem(snapshot.problems[0]!)).toMatch(new RegExp(`^${path}:\\d+:\\d+: [^\\n]+$`));
    expect([...snapshot.workspaces.keys()]).toEqual(['good']);
  });

  it('a byte order mark is accepted', async () => {
    fixture.write('bom.json', `\ufeff${JSON.stringify(workspace('alice'))}`);
    expect(facts(await fixture.create().scan())).toMatchObject({ workspaces: { alice: 'debian:12' }, problems: 0 });
  });

  it('__proto__ pollutes nothing', async () => {
    fixture.write('bad.json', '{"__proto__":{"polluted":1}}');
    await fixture.create().scan();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('countless faults gives twenty problems', async () => {
    fixture.write(
      'bad.json',
      workspace('bad', Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x${index}`, 1]))),
    );
    expect((await fixture.create().scan()).problems).toHaveLength(20);
  });
});

describe('a directory entry that is', () => {
  const entries: [string, (path: string) => unknown, string][] = [
    ['a directory', (path) => mkdirSync(path), 'is a directory, not a regular file'],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), 'is a named pipe, not a regular file'],
    [
      'a link to a FIFO',
      (path) => {
        execFileSync('mkfifo', [`${path}.pipe`]);
        symlinkSync(`${path}.pipe`, path);
      },
      'is a link to a named pipe',
    ],
    [
      'a link to a device',
      (path) => symlinkSync('/dev/zero', path),
      'is a link that leads out of the source directory',
    ],
    [
      'a link out of the source',
      (path) => {
        writeFileSync(join(fixture.root, 'out.json'), JSON.stringify(workspace('out')));
        symlinkSync('../out.json', path);
      },
      'is a link that leads out of the source directory',
    ],
    ['a link to nothing', (path) => symlinkSync('nowhere', path), 'is a link to a file that does not exist'],
    [
      'a link to itself',
      (path) => symlinkSync('bad.json', path),
      'is a link that cannot be followed: its links form a loop',
    ],
    [
      'a file of 50 MB',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 50_000_000);
      },
      'the file is larger than 1 MiB',
    ],
  ];
  it.each(entries)('%s gives one problem and forbids deletions', async (_what, make, expected) => {
    fixture.write('good.json', workspace('good'));
    make(join(fixture.specs, 'bad.json'));
    const snapshot = await fixture.create().scan();
    expect(snapshot.problems.map(formatProblem)).toEqual([expect.stringContaining(`bad.json:1:1: ${expected}`)]);
    expect(facts(snapshot)).toMatchObject({ complete: false, workspaces: { good: 'debian:12' } });
  });

  it('a socket gives one problem', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(fixture.specs, 'bad.json'), resolve));
    try {
      const snapshot = await fixture.create().scan();
      expect(snapshot.problems.map((problem) => problem.message)).toEqual([expect.stringContaining('is a socket')]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a file whose name holds a line break is named on one line', async () => {
    fixture.write('a\nb\u001b.json', '{');
    const [problem] = (await fixture.create().scan()).problems;
    expect(formatProblem(problem!)).toContain('a\\u000ab\\u001b.json:1:2: ');
  });

  it('no file at all by its name is never a spec', async () => {
    for (const name of [
      '.hidden.json',
      'a.json~',
      '.#a.json',
      '#a.json#',
      'a.swp',
      'a.json.swx',
      'a.json.tmp',
      'a.json.bak',
      'a.json.orig',
      '4913',
      'README.md',
      '.git/x.json',
    ])
      fixture.write(name, '{');
    expect(facts(await fixture.create().scan())).toEqual({
      complete: true,
      workspaces: {},
      claimed: [],
      removed: {},
      problems: 0,
    });
  });
});

describe('links inside the source', () => {
  it('are followed as a kubelet makes them, once for each real file', async () => {
    fixture.write('..2024/alice.json', workspace('alice'));
    fixture.write('..2024/team/bob.json', workspace('bob'));
    symlinkSync('..2024', join(fixture.specs, '..data'));
    symlinkSync('..data/alice.json', join(fixture.specs, 'alice.json'));
    symlinkSync('..data/team', join(fixture.specs, 'team'));
    symlinkSync('..data/team', join(fixture.specs, 'zteam'));
    symlinkSync('.', join(fixture.specs, 'loop'));
    expect(facts(await fixture.create().scan())).toEqual({
      complete: true,
      workspaces: { alice: 'debian:12', bob: 'debian:12' },
      claimed: [],
      removed: {},
      problems: 0,
    });
  });

  it('may not lead a directory out', async () => {
    mkdirSync(join(fixture.root, 'outside'));
    writeFileSync(join(fixture.root, 'outside', 'x.json'), JSON.stringify(workspace('x')));
    symlinkSync('../outside', join(fixture.specs, 'sub'));
    expect(facts(await fixture.create().scan())).toEqual({
      complete: false,
      workspaces: {},
      claimed: [],
      removed: {},
      problems: 1,
    });
  });
});

describe('sub-directories', () => {
  it('are read to the eighth level', async () => {
    fixture.write('1/2/3/4/5/6/7/8/deep.json', workspace('deep'));
    expect(facts(await fixture.create().scan())).toMatchObject({ complete: true, workspaces: { deep: 'debian:12' } });
    fixture.write('1/2/3/4/5/6/7/8/9/deeper.json', workspace('deeper'));
    expect(facts(await fixture.create().scan())).toMatchObject({
      complete: false,
      workspaces: { deep: 'debian:12' },
      problems: 1,
    });
  });
});
