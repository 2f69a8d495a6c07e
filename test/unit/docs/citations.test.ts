import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { citationsOf, definedIds } from '../../../deploy/setup/citations.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const defined = definedIds(readFileSync(`${root}docs/laws-and-facts.md`, 'utf8'));

const filesBelow = (folder: string) =>
  readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length));

const FILES = [...['controller', 'test', 'deploy', 'docs'].flatMap(filesBelow), 'README.md', 'ARCHITECTURE.md'];

/** `file:line: id` of every citation in these files that the page does not define. */
const unresolved = (files: readonly string[], read: (file: string) => string) =>
  files.flatMap((file) =>
    citationsOf(read(file))
      .filter(({ id }) => !defined.includes(id))
      .map(({ id, line }) => `${file}:${line}: ${id}`),
  );

describe('citations of laws, facts and traps', () => {
  it('all lead to a heading of docs/laws-and-facts.md', () => {
    expect(unresolved(FILES, (file) => readFileSync(`${root}${file}`, 'utf8'))).toEqual([]);
  });

  it('are there to be found: laws, facts and traps in the code and in the tests', () => {
    for (const room of ['controller', 'test']) {
      const ids = filesBelow(room).flatMap((file) =>
        citationsOf(readFileSync(`${root}${file}`, 'utf8')).map(({ id }) => id),
      );
      expect(ids.map((id) => /^[a-zF]+/.exec(id)?.[0])).toEqual(expect.arrayContaining(['law', 'F', 'trap']));
    }
  });

  it('are defined once', () => {
    expect(defined.length).toBeGreaterThan(50);
    expect(defined).toEqual([...new Set(defined)]);
  });

  // Parts from variables, so that these lines are no citations themselves.
  const [no, part, other] = [999, 'nowhere', 'PAPER'];
  it.each([
    ['a law', `// Nothing is deleted (law ${no}).`, [`law ${no}`]],
    ['one law of two', `/** laws 2 and ${no} */`, [`law ${no}`]],
    ['a fact', `// See F${no}.`, [`F${no}`]],
    ['a trap of a known part', `it('survives (trap dockerode-${no})')`, [`trap dockerode-${no}`]],
    ['a trap across two lines', `/**\n * (trap\n * dockerode-${no}) */`, [`trap dockerode-${no}`]],
    ['one trap of three', `traps dockerode-1, dockerode-${no} and dockerode-5`, [`trap dockerode-${no}`]],
    ['a trap of an unknown part', `trap ${part}-1`, [`trap ${part}-1`]],
    ['a section of a document', `// ${other} section 3, ${other}: hat 5`, [`${other} section 3`, `${other}: hat 5`]],
    [
      'an item of a document',
      `// (${other}: prom-client), (${other}, xstate)`,
      [`${other}: prom-client`, `${other}, xstate`],
    ],
  ])('%s that is not defined is found', (_name, text, ids) => {
    expect(unresolved(['x.ts'], () => text).map((found) => found.replace(/^x\.ts:\d+: /, ''))).toEqual(ids);
  });

  it.each([
    ["a shell's trap", `trap 'rm -f "$lost"' EXIT`],
    ['a law that is defined', 'laws 2, 4 and 10'],
    ['a word that only looks like one', 'UTF-8, 0xF14A, F1x, lawn 7'],
  ])('%s is not', (_name, text) => {
    expect(unresolved(['x.ts'], () => text)).toEqual([]);
  });
});
