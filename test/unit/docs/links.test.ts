import { describe, expect, it } from '@jest/globals';
import { anchorsOf, markdownFaults } from '../../../deploy/setup/markdown-faults.mjs';

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Here\n',
  'docs/a.md': '# A page\n## What was tested?\n## Twice\n## Twice\n',
  'controller/main.ts': '',
  'controller/plan/types.ts': '',
};

/** Of a page with this text at docs/b.md, beside the files above. */
function faults(text: string): string[] {
  const files: Readonly<Record<string, string>> = { ...FILES, 'docs/b.md': text };
  const repository = {
    exists: (path: string) =>
      Object.keys(files).some((file) => file === path || file.startsWith(path.replace(/\/?$/, '/'))),
    read: (path: string) => files[path] ?? '',
    scripts: ['lint', 'test:unit'],
  };
  return markdownFaults('docs/b.md', text, repository).map(({ line, message }) => `${line}: ${message}`);
}

describe('the check of Markdown files', () => {
  it.each([
    ['a link to a file', 'See [a](a.md) and [r](../README.md).'],
    ['a link to a heading', '[a](a.md#what-was-tested), [t](a.md#twice-1)'],
    ['a link within the page', '# One\n[one](#one)'],
    ['a link to elsewhere', '[age](https://age-encryption.org)'],
    ['a link to a directory', '[c](../controller/)'],
    ['a path in backticks', '`controller/main.ts`, `controller/`, `docs/*.md`, `docs/<page>`'],
    ['a path in a room', '`plan/types.ts`, `plan/`'],
    ['a path of something else', '`gcroots/auto`, `/nix/store`, `./result`'],
    ['a script', '`npm run lint`, `npm run test:unit -- FILE`'],
    ['code', '```\n[a](nowhere.md) `docs/nowhere.md`\n' + 'x'.repeat(200) + '\n```\n`[a](nowhere.md)`'],
    ['120 columns', '…'.repeat(120)],
  ])('lets %s pass', (_name, text) => {
    expect(faults(text)).toEqual([]);
  });

  it.each([
    ['a link to no file', 'x\n[a](nowhere.md)', '2: the link nowhere.md leads nowhere'],
    ['a link from the root', '[a](docs/a.md)', '1: the link docs/a.md leads nowhere'],
    ['a link to no heading', '[a](a.md#nothing)', '1: the link a.md#nothing leads to no heading'],
    ['a link to no heading of the page', '[a](#nothing)', '1: the link #nothing leads to no heading'],
    ['a path that is not there', '`controller/gone.ts`', '1: controller/gone.ts is not in the repository'],
    ['a path that is not in its room', '`plan/gone.ts`', '1: controller/plan/gone.ts is not in the repository'],
    ['a script that is not there', '`npm run nothing`', '1: npm run nothing is no script'],
    ['121 columns', '…'.repeat(121), '1: 121 columns: at most 120'],
    ['what follows a code block', '```\nx\n```\n[a](nowhere.md)', '4: the link nowhere.md leads nowhere'],
  ])('finds %s', (_name, text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });

  it('names headings as GitHub does', () => {
    expect(anchorsOf('# F15: What a call costs\n## `run` and *plan*\n## Law 6: Every prefix\n## Größe\n')).toEqual([
      'f15-what-a-call-costs',
      'run-and-plan',
      'law-6-every-prefix',
      'größe',
    ]);
  });
});
