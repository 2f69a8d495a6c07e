import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compare } from '../../../controller/app/compare.js';
import type { PlanFormat } from '../../../controller/cli/actions.js';
import { createAgeKey, sealText } from '../../support/git/age-keys.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

async function planAgainst(
  ref: string,
  against: string,
  { format = 'text' as PlanFormat, output = 'text' as 'text' | 'json', path = 'specs' } = {},
) {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    now: Date.now,
    columns: 100,
    color: false,
  };
  const options = {
    specs: [],
    git: [site.settings({ ref, path })],
    stateDir: '/nonexistent',
    instance: 'default',
    secretsDir: null,
    ageIdentityFile: null,
    logLevel: 'info' as const,
    allowPrune: false,
    output,
    against,
    format,
  };
  const code = await compare(options, {
    env: { PATH: process.env['PATH'] },
    home: '/nonexistent',
    version: '1',
    io: io as never,
    stderrIsTerminal: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

function branches(head: Record<string, string | null>): void {
  const base = site.repository.commit({
    'specs/alice.json': workspaceText('alice'),
    'specs/bob.json': workspaceText('bob', { storage: { reclaimPolicy: 'Delete' } }),
    'specs/carol.json': workspaceText('carol', { packages: ['git'] }),
  });
  site.repository.move('change', base);
  site.repository.commit(head, { branch: 'change' });
}

describe('plan --against', () => {
  it('tells what a branch would change, without an engine', async () => {
    branches({
      'specs/alice.json': workspaceText('alice', { image: 'debian:13' }),
      'specs/bob.json': null,
      'specs/carol.json': workspaceText('carol', { packages: ['git', 'jq'] }),
      'specs/dave.json': workspaceText('dave', { env: [{ name: 'TOKEN', value: 'hidden' }] }),
    });
    const { code, out, err } = await planAgainst('change', 'main');
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(out).toMatch(/alice: replace {2}# image: debian:12 -> debian:13/);
    expect(out).toMatch(/bob: remove.*data volume.*with all files/);
    expect(out).toMatch(/carol: packages.*added jq/);
    expect(out).toMatch(/dave: create/);
    expect(out).not.toContain('hidden');
    const json = JSON.parse((await planAgainst('change', 'main', { output: 'json' })).out) as {
      workspaces: { name: string; kind: string }[];
    };
    expect(json.workspaces.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'alice changed',
      'bob removed',
      'carol changed',
      'dave added',
    ]);
  });

  it('tells that an encrypted file changed, which nobody can open here', async () => {
    const key = await createAgeKey();
    const token = { env: [{ name: 'TOKEN', valueFrom: { ageFile: 'token.age' } }] };
    const base = site.repository.commit({
      'specs/alice.json': workspaceText('alice', token),
      'specs/token.age': await sealText('one', key.recipient),
    });
    site.repository.move('change', base);
    expect(await planAgainst('change', 'main')).toMatchObject({ code: 0, err: '' });
    site.repository.commit({ 'specs/token.age': await sealText('two', key.recipient) }, { branch: 'change' });
    expect(await planAgainst('change', 'main')).toMatchObject({
      code: 2,
      out: 'alice: replace  # env TOKEN: age file token.age changed\n',
    });
  });

  it('says nothing of a branch that changes nothing', async () => {
    branches({ README: 'words' });
    expect(await planAgainst('change', 'main')).toMatchObject({ code: 0, err: '' });
  });

  it('writes a comment that what people wrote cannot break out of', async () => {
    const hostile = 'a`|<img src=x>@everyone #1 [x](http://x)\\n\\n## x';
    branches({ 'specs/alice.json': workspaceText('alice', { command: [hostile, '`'.repeat(5)] }) });
    const { code, out } = await planAgainst('change', 'main', { format: 'markdown' });
    expect(code).toBe(2);
    const [head, base] = ['change', 'main'].map((branch) => site.repository.head(branch)?.slice(0, 12));
    expect(out.split('\n').slice(0, 2)).toEqual([
      '<!-- kalpana-plan -->',
      `### Kalpana: what \`change\` (\`${head}\`) changes, compared with \`main\` (\`${base}\`)`,
    ]);
    const row = out.split('\n').find((line) => line.startsWith('| `alice`')) ?? '';
    expect(row.match(/(?<!\\)\|/g)?.length).toBe(4);
    // Nothing of it stands outside a code span.
    expect(out.replace(/(`+)[^]*?[^`]\1(?!`)/g, '')).not.toMatch(/<img|@everyone|\[x\]|^## x/m);
  });

  it('fails for a branch whose specs are invalid, and says where', async () => {
    branches({ 'specs/alice.json': '{\n oops' });
    const { code, err } = await planAgainst('change', 'main');
    expect([code, err]).toEqual([1, expect.stringMatching(/^specs\/alice\.json:2:2: not valid JSON/)]);
    const comment = await planAgainst('change', 'main', { format: 'markdown' });
    expect([comment.code, comment.out]).toEqual([
      1,
      expect.stringMatching(/Nothing would be applied[^]*`specs\/alice\.json:2:2`/),
    ]);
  });

  it('compares with the commit where a branch began, which no name has any more', async () => {
    branches({ 'specs/dave.json': workspaceText('dave') });
    const began = site.repository.head()!;
    site.repository.commit({ 'specs/erin.json': workspaceText('erin') });
    expect((await planAgainst(site.repository.head('change')!, began)).out).toMatch(/^dave: create.*\n$/);
    expect((await planAgainst('change', 'main')).out).toMatch(/erin: remove/);
  });

  it('fails in one line for a name that is not there', async () => {
    branches({});
    expect(await planAgainst('change', 'nowhere')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^error: --against: .*nowhere.*\n$/),
    });
  });

  it('tells what becomes of the cache default when its file goes', async () => {
    const cache = JSON.stringify({
      apiVersion: 'kalpana.dev/v1',
      kind: 'NixCache',
      metadata: { name: 'default' },
      spec: { sandbox: true },
    });
    const base = site.repository.commit({ 'specs/alice.json': workspaceText('alice'), 'specs/default.json': cache });
    site.repository.move('change', base);
    const head = site.repository.commit({ 'specs/default.json': null }, { branch: 'change' });
    expect((await planAgainst('change', 'main')).out).toBe(
      'cache default: change  # sandbox: true -> false; its file is removed, and the defaults hold; used by alice\n',
    );
    site.repository.commit({ 'specs/alice.json': workspaceText('alice', { cache: false }) }, { branch: 'change' });
    expect((await planAgainst('change', head)).out).toMatch(
      /^alice: replace.*\ncache default: no longer used {2}# its keeper and its volume stay/,
    );
  });

  it('takes a base without the directory for an empty one', async () => {
    site.repository.commit({ README: 'nothing yet' });
    site.repository.move('change', site.repository.head()!);
    site.repository.commit({ 'specs/alice.json': workspaceText('alice') }, { branch: 'change' });
    expect(await planAgainst('change', 'main')).toMatchObject({ code: 2, out: expect.stringMatching(/alice: create/) });
  });
});
