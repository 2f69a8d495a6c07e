import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createFixture, type Fixture } from '../source/fixture.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Every block of JSON in the documents, by where it stands. */
const examples = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) =>
    [...readFileSync(`${root}${file}`, 'utf8').matchAll(/^```json\n(.*?)^```$/gms)].map(
      ([, text = ''], index) => [`${file}, block ${index + 1}`, JSON.parse(text) as object] as const,
    ),
  );

let fixture: Fixture;
beforeEach(() => void (fixture = createFixture()));
afterEach(() => fixture.clean());

it('the documents have examples of both kinds', () => {
  const kinds = examples.map(([, example]) => (example as { kind?: string }).kind);
  expect(new Set(kinds)).toEqual(new Set(['Workspace', 'NixCache']));
});

it.each(examples)('%s is a valid spec', async (_place, example) => {
  fixture.write('../secrets/github-token', 'x');
  expect(await fixture.messagesOf(example)).toEqual([]);
});
