import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatGithub, formatProblem, problemAt } from '../../../controller/source/parse/problem.js';
import { validatePaths } from '../../../controller/source/validate-paths.js';
import { createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

describe('validatePaths', () => {
  it('counts what is good', async () => {
    fixture.writeNow('a.json', workspace('alice', { env: [{ name: 'T', valueFrom: { secretFile: 'none' } }] }));
    fixture.writeNow('sub/b.json', { kind: 'List', items: [workspace('bob'), workspace('carol')] });
    expect(await validatePaths([fixture.specs])).toEqual({ problems: [], files: 2, objects: 3 });
  });

  it('finds faults at once, also in a file that was just written', async () => {
    const path = fixture.writeNow('a.json', '{');
    expect((await validatePaths([fixture.specs])).problems.map(formatProblem)).toEqual([
      expect.stringContaining(`${path}:1:2: not valid JSON`),
    ]);
  });

  it('checks a named file whatever it is called, and wherever a link leads', async () => {
    const text = fixture.writeNow('.alice.txt', workspace('alice', { cpus: 1 }));
    symlinkSync(text, join(fixture.root, 'link'));
    expect((await validatePaths([text])).problems).toHaveLength(1);
    expect((await validatePaths([join(fixture.root, 'link')])).problems).toHaveLength(1);
    expect(await validatePaths([fixture.specs])).toEqual({ problems: [], files: 0, objects: 0 });
  });

  it('finds one name in two files, and one file named twice is none', async () => {
    const first = fixture.writeNow('a.json', workspace('alice'));
    expect(await validatePaths([fixture.specs, first, first])).toEqual({ problems: [], files: 1, objects: 1 });
    mkdirSync(join(fixture.root, 'other'));
    const second = join(fixture.root, 'other', 'b.json');
    writeFileSync(second, JSON.stringify(workspace('alice')));
    expect((await validatePaths([first, second])).problems.map(formatProblem).sort()).toEqual(
      [
        `${second}:1:70: metadata.name: "alice" is also defined at ${first}:5: rename or remove one of them`,
        `${first}:5:13: metadata.name: "alice" is also defined at ${second}:1: rename or remove one of them`,
      ].sort(),
    );
  });

  it.each([
    ['nowhere', 'cannot be read: it does not exist'],
    ['/dev/null', 'is not a regular file'],
  ])('of %s is a problem', async (path, words) => {
    expect((await validatePaths([path])).problems.map(formatProblem)).toEqual([
      expect.stringContaining(`${path}:1:1: ${words}`),
    ]);
  });

  it("takes the repository's own example", async () => {
    const text = JSON.stringify({
      $schema: '../../crds-like-schemas/workspace.schema.json',
      ...workspace('alice', { image: 'kalpana/workspace:latest' }),
    });
    expect((await validatePaths([fixture.writeNow('a.json', text)])).problems).toEqual([]);
  });
});

describe('a formatted problem', () => {
  const problem = problemAt({ source: 's', file: 'a,b:c%\n.json', line: 3, column: 4 }, 'x: 100 %, y');
  it('stands on one line', () => expect(formatProblem(problem)).toBe('a,b:c%\\u000a.json:3:4: x: 100 %, y'));
  it('is escaped as GitHub wants it', () =>
    expect(formatGithub(problem)).toBe('::error file=a%2Cb%3Ac%25%0A.json,line=3,col=4::x: 100 %25, y'));
});
