import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createStateFile, replaceFile } from '../../../controller/state/state-file.js';

let directory = '';
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'kalpana-state-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (name: string) => {
  const errors: Error[] = [];
  return { errors, file: createStateFile(join(directory, name), (error) => void errors.push(error)) };
};

describe('a file that is replaced', () => {
  it('is readable for its owner alone, and nothing is left beside it', () => {
    const file = join(directory, 'rows.json');
    writeFileSync(`${file}.tmp`, 'half a li');
    replaceFile(file, 'first\n');
    replaceFile(file, 'second\n');
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777, readdirSync(directory)]).toEqual([
      'second\n',
      0o600,
      ['rows.json'],
    ]);
  });

  it('stays as it is when it cannot be written', () => {
    const file = join(directory, 'rows.json');
    replaceFile(file, 'first\n');
    mkdirSync(`${file}.tmp`);
    expect(() => replaceFile(file, 'second\n')).toThrow('EISDIR');
    expect(readFileSync(file, 'utf8')).toBe('first\n');
  });
});

describe('a state file', () => {
  it.each([
    ['absent', null, []],
    ['broken', '[1, 2', []],
    ['something else than rows', '{"a": 1}', []],
    ['rows', '[1, ["a", 2]]', [1, ['a', 2]]],
  ] as const)('that is %s', (_what, text, rows) => {
    if (text !== null) writeFileSync(join(directory, 'rows.json'), text);
    expect(open('rows.json').file.read()).toEqual(rows);
  });

  it('makes its directory, and gives back what was written', () => {
    const { file, errors } = open('deep/rows.json');
    file.write([['a', 1]]);
    expect([file.read(), errors]).toEqual([[['a', 1]], []]);
  });

  it('reports that it cannot be written, and does not throw', () => {
    mkdirSync(join(directory, 'rows.json'));
    const { file, errors } = open('rows.json');
    file.write([1]);
    expect([errors.length, file.read()]).toEqual([1, []]);
  });
});
