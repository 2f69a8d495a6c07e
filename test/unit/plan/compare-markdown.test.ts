import { describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { codeSpan } from '../../../controller/plan/compare/code-span.js';
import { compareDesired } from '../../../controller/plan/compare/compare.js';
import { compareMarkdown } from '../../../controller/plan/compare/compare-markdown.js';
import { commit, snapshot, type Specs } from './compare-samples.js';

const CONTEXT = { from: commit('a'), to: commit('b'), problems: [], failure: null };
const HEADING = '<!-- kalpana-plan -->\n### Kalpana: what `bbbbbbbbbbbb` changes, compared with `aaaaaaaaaaaa`\n\n';

function markdown(before: Specs, after: Specs, context: Partial<Parameters<typeof compareMarkdown>[1]> = {}): string {
  return compareMarkdown(compareDesired(snapshot(before), snapshot(after)), { ...CONTEXT, ...context });
}

function many(count: number, image: string): Specs {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`w${String(index).padStart(5, '0')}`, { image }]),
  );
}

const HOSTILE: readonly (readonly [string, string])[] = [
  ['a|b', '`a¦b`'],
  ['a¦b', '`a\\u00a6b`'],
  ['a`b', '``a`b``'],
  ['`a`', '`` `a` ``'],
  ['a``b```c', '````a``b```c````'],
  [' a ', '`  a  `'],
  ['a\nb\r\n# c', '`a\\u000ab\\u000d\\u000a# c`'],
  ['\u2028\u202ea', '`\\u2028\\u202ea`'],
  ['<img src=x> </details> -->', '`<img src=x> </details> -->`'],
  ['@everyone #1 org/repo#2', '`@everyone #1 org/repo#2`'],
  ['[a](https://x) ![b](c) **d**', '`[a](https://x) ![b](c) **d**`'],
  ['a\\', '`a\\`'],
  ['a\\|b', '`a\\¦b`'],
  ['', '` `'],
  ['  ', '` `'],
  ['`'.repeat(200), `${'`'.repeat(11)} ${'`'.repeat(10)}…(200) ${'`'.repeat(11)}`],
];

describe('a code span', () => {
  it.each(HOSTILE)('shows %j and nothing else', (text, span) => {
    expect(codeSpan(text)).toBe(span);
  });

  it.each(['`x', 'x`', '|`|`', '\ud83d\ude00'.repeat(300), '\u0000'.repeat(900), '`\u0007'.repeat(500)])(
    'ends where it ends (%#)',
    (text) => {
      const span = codeSpan(text);
      const fence = /^`+/.exec(span)?.[0] ?? '';
      const inner = span.slice(fence.length, -fence.length);
      expect(span.endsWith(fence)).toBe(true);
      expect([...inner.matchAll(/`+/g)].every(([run]) => run.length < fence.length)).toBe(true);
      expect(inner).not.toMatch(/^`|`$|[|\n\r]/);
      expect(fence.length).toBeLessThan(80);
      expect(span.length).toBeLessThan(450);
      expect(span).not.toMatch(/[\ud800-\udfff]/u);
    },
  );
});

describe('a comparison as Markdown', () => {
  it('puts warnings first, then a table', () => {
    const before: Specs = { alice: { storage: { reclaimPolicy: 'Delete' } }, bob: {}, carol: {}, dave: {} };
    expect(markdown(before, { bob: { image: 'app:2' }, dave: {}, carol: {} })).toBe(
      `${HEADING}1 workspace changed (1 replaced), 1 workspace removed.\n\n` +
        '- **Removed, and its data volume is removed with all files in it:** `alice`\n' +
        '- **Containers replaced: what runs in them ends:** `bob`\n\n' +
        '| Object | Change | Details |\n| --- | --- | --- |\n' +
        '| `alice` | remove | `WARNING: its data volume is removed with all files in it` |\n' +
        '| `bob` | replace | `image: app:1 -> app:2` |\n',
    );
  });

  it('tells every cause, however many there are, or how many it leaves out', () => {
    const rowWith = (count: number): string => {
      const env = Array.from({ length: count }, (_, index) => ({
        name: `VARIABLE_WITH_A_LONG_NAME_${String(index).padStart(3, '0')}`,
        value: 'x',
      }));
      return (
        markdown({ alice: {} }, { alice: { env, image: 'app:2', packages: ['jq'] } })
          .split('\n')
          .find((line) => line.includes('| replace |')) ?? ''
      );
    };
    expect(rowWith(39)).toMatch(
      /^\| `alice` \| replace \| `env VARIABLE_WITH_A_LONG_NAME_000: added`<br>.*<br>`env VARIABLE_WITH_A_LONG_NAME_038: added`<br>`image: app:1 -> app:2` \|$/,
    );
    expect(rowWith(50)).toMatch(/_039: added`<br>and 11 more, which kalpana plan shows \|$/);
  });

  it('tells held removals and an invalid base', () => {
    const text = markdown({ alice: {}, bob: {} }, {}, { warnings: ['base @all'] });
    expect(text).toContain('- **Warning:** `base @all`\n- **Removals held until a person confirms:** `alice`, `bob`\n');
  });

  it('counts what happens to workspaces and caches', () => {
    const before: Specs = {
      a: {},
      b: {},
      c: {},
      d: {},
      e: { state: 'Stopped' },
      f: {},
      g: {},
      h: { state: 'Stopped' },
    };
    const after: Specs = {
      a: { image: 'app:2' },
      b: { image: 'app:2', packages: ['jq'] },
      c: { packages: ['jq'] },
      d: { resources: { pids: 5 } },
      e: { state: 'Stopped', image: 'app:2', resources: { pids: 5 } },
      f: { state: 'Stopped' },
      g: { storage: { reclaimPolicy: 'Delete' } },
      h: {},
      i: {},
    };
    const text = (old: DesiredSnapshot, wanted: DesiredSnapshot): string | undefined =>
      compareMarkdown(compareDesired(old, wanted), CONTEXT).split('\n')[3];
    expect(text(snapshot(before), snapshot(after))).toBe(
      '1 workspace added, 8 workspaces changed (2 replaced, 1 replaced at the next start, 1 updated in place, 1 updated at the next start, 2 package changes, 1 started, 1 stopped, 1 policy change).',
    );
    expect(
      text(
        snapshot({}, { a: { sandbox: true }, b: {}, c: {}, default: { sandbox: true } }),
        snapshot({}, { a: {}, c: {}, d: {}, default: null }),
      ),
    ).toBe('1 cache added, 2 caches changed, 1 cache removed.');
    expect(text(snapshot({}, { default: null }), snapshot({}))).toBe('1 cache no longer used.');
  });

  it('names what it was asked to compare, where that is a name', () => {
    const heading = (toName: string | null, fromName: string | null): string | undefined =>
      markdown({}, {}, { toName, fromName }).split('\n')[1];
    expect(heading('change', 'main')).toBe(
      '### Kalpana: what `change` (`bbbbbbbbbbbb`) changes, compared with `main` (`aaaaaaaaaaaa`)',
    );
    expect(heading('b'.repeat(40), null)).toBe(
      '### Kalpana: what `bbbbbbbbbbbb` changes, compared with `aaaaaaaaaaaa`',
    );
    expect(heading('a`b', '@all')).toBe(
      '### Kalpana: what ``a`b`` (`bbbbbbbbbbbb`) changes, compared with `@all` (`aaaaaaaaaaaa`)',
    );
  });

  it('says that nothing changes', () => {
    expect(markdown({ alice: {} }, { alice: {} })).toBe(`${HEADING}Nothing changes.\n`);
  });

  it('lists what is invalid, and no change', () => {
    const problems = [
      { location: { source: 's', file: 'specs/a|b.json', line: 3, column: 4 }, workspace: null, message: 'is "<b>"' },
    ];
    expect(markdown({}, { alice: {} }, { problems, failure: 'f' })).toBe(
      `${HEADING}**Nothing would be applied:** the specs of this commit are not valid or cannot be used.\n\n- \`specs/a¦b.json:3:4\` \`is "<b>"\`\n`,
    );
    expect(markdown({}, {}, { failure: 'it has no directory specs' })).toContain('- `it has no directory specs`\n');
  });

  it('folds more than 30 rows', () => {
    expect(markdown({}, many(30, 'a:1'))).not.toContain('<details>');
    expect(markdown({}, many(31, 'a:1'))).toMatch(
      /\n<details>\n<summary>31 rows<\/summary>\n\n\| Object [^]*\|\n\n<\/details>\n$/,
    );
  });

  it.each(['a:2', `${'`|\n@x'.repeat(300)}`])('keeps to 60,000 characters and counts the rest (%#)', (image) => {
    const text = markdown(many(5_000, 'a:1'), many(5_000, image));
    const rows = text.split('\n').filter((line) => line.startsWith('| `w')).length;
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text.length).toBeGreaterThan(55_000);
    expect(text).toMatch(
      new RegExp(
        `\n</details>\n\n${5_000 - rows} more rows are left out here for length; kalpana plan shows all of them\\.\n$`,
      ),
    );
  });

  it('keeps to 60,000 characters with problems', () => {
    const problems = Array.from({ length: 3_000 }, (_, line) => ({
      location: { source: 's', file: 'f'.repeat(300), line, column: 1 },
      workspace: null,
      message: 'm'.repeat(900),
    }));
    const text = markdown({}, {}, { problems, failure: 'f' });
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text).toMatch(/\n\n\d+ more problems are left out/);
  });
});
