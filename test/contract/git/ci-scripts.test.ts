import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { COMMENT_MARKER } from '../../../controller/plan/compare/compare-markdown.js';
import { ciFile, runScript, scriptsOf } from '../../support/git/ci-scripts.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

/** `main` and `change` have gone their own ways from one commit. */
function lagging(): { readonly began: string; readonly base: string; readonly head: string } {
  const { repository } = site;
  const began = repository.commit({ 'specs/alice.json': workspaceText('alice') });
  repository.move('change', began);
  const base = repository.commit({ 'specs/bob.json': workspaceText('bob') });
  return { began, base, head: repository.commit({ 'specs/carol.json': workspaceText('carol') }, { branch: 'change' }) };
}

function planScript(path: string): string {
  return scriptsOf(ciFile(path)).find((one) => one.includes('--against')) ?? '';
}

function checkout(name: string): string {
  const path = join(site.root, name);
  rmSync(path, { force: true });
  symlinkSync(site.repository.path, path);
  return path;
}

/** In place of kalpana: leaves how it was called, and tells `told` as its plan. */
function fakeNode(code: number, told: string): string {
  return `case "$1" in --input-type=*) exec '${process.execPath}' "$@" ;; esac
printf '%s\\n' "$@" > "arguments-$2"
[ "$2" = plan ] || exit ${code === 2 ? 0 : code}
printf '%s' '${told}'
exit ${code}`;
}

describe('the script of the workflow that plans', () => {
  const planned = (base: string, head: string, code: number) => {
    checkout('specs-repository');
    const env = {
      GITHUB_WORKSPACE: site.root,
      GITHUB_STEP_SUMMARY: join(site.root, 'summary'),
      HEAD_SHA: head,
      BASE_SHA: base,
      SPECS: 'specs',
    };
    return runScript(planScript('github/kalpana-specs.yml'), site.root, env, { node: fakeNode(code, 'told') });
  };

  it('compares a branch that lags behind with the commit where it began', async () => {
    const { began, base, head } = lagging();
    const { status, file } = await planned(base, head, 2);
    expect([status, file('summary')]).toEqual([0, 'told']);
    expect(file('arguments-plan')).toContain(`\n--git-ref\n${head}\n--git-path\nspecs\n--against\n${began}\n`);
  });

  it('compares with the base where nothing is in common', async () => {
    const { base } = lagging();
    const head = site.repository.commit(
      { 'specs/dave.json': workspaceText('dave') },
      { branch: 'other', parent: null },
    );
    expect((await planned(base, head, 0)).file('arguments-plan')).toContain(`\n--against\n${base}\n`);
  });

  it('fails as the plan does', async () => {
    const { base, head } = lagging();
    const { status, file } = await planned(base, head, 1);
    expect([status, file('plan.md')]).toEqual([1, 'told']);
  });
});

interface Note {
  readonly id: number;
  readonly author: { readonly id: number };
  body: string;
}

describe('the job of GitLab', () => {
  const TOKEN = 'glpat-secret';
  const NOTES = '/api/v4/projects/7/merge_requests/3/notes';
  let notes: Note[] = [];
  let refusal: number | null = null;
  let server: Server;

  beforeEach(async () => {
    notes = [];
    refusal = null;
    server = createServer((request, response) => {
      const answer = (body: unknown, status = 200): void =>
        void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      const url = new URL(request.url ?? '', 'http://gitlab');
      void textOf(request).then((sent) => {
        const body = sent === '' ? '' : (JSON.parse(sent) as { body: string }).body;
        if (refusal !== null || request.headers['private-token'] !== TOKEN) return answer({}, refusal ?? 401);
        if (url.pathname === '/api/v4/user') return answer({ id: 1 });
        const page = Number(url.searchParams.get('page'));
        if (request.method === 'GET' && url.pathname === NOTES)
          return answer(notes.slice((page - 1) * 100, page * 100));
        if (request.method === 'POST' && url.pathname === NOTES)
          return answer(notes.push({ id: notes.length + 1, author: { id: 1 }, body }), 201);
        const note = notes.find(({ id }) => request.method === 'PUT' && url.pathname === `${NOTES}/${id}`);
        if (note === undefined) return answer({}, 404);
        note.body = body;
        answer(note);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => void server.close());

  const run = (more: NodeJS.ProcessEnv = {}, { code = 2, told = `${COMMENT_MARKER}\nnew\n` } = {}) => {
    const { began, head } = lagging();
    const env = {
      CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4`,
      CI_MERGE_REQUEST_PROJECT_ID: '7',
      CI_MERGE_REQUEST_IID: '3',
      CI_PROJECT_DIR: site.root,
      CI_COMMIT_SHA: head,
      CI_MERGE_REQUEST_DIFF_BASE_SHA: began,
      SPECS: 'specs',
      GIT_DIR: site.repository.path,
      KALPANA_NOTE_TOKEN: TOKEN,
      ...more,
    };
    return runScript(planScript('gitlab/kalpana-specs.gitlab-ci.yml'), site.root, env, {
      node: fakeNode(code, told),
    }).then((ran) => ({ ...ran, began, head }));
  };
  const note = (author: number, body: string): Note => ({ id: notes.length + 1, author: { id: author }, body });

  it('plans against the commit where the branch began, and writes a note', async () => {
    const { status, out, file, began, head } = await run();
    expect([status, out, notes]).toEqual([
      0,
      `${COMMENT_MARKER}\nnew\n`,
      [{ id: 1, author: { id: 1 }, body: `${COMMENT_MARKER}\nnew\n` }],
    ]);
    expect(file('arguments-plan')).toContain(`\n--git-ref\n${head}\n--git-path\nspecs\n--against\n${began}\n`);
    expect(file('arguments-validate')).toContain('validate\nspecs\n');
  });

  it("changes the note of an earlier run, and nobody else's", async () => {
    for (let count = 0; count < 150; count += 1) notes.push(note(2, `${COMMENT_MARKER}\nof somebody`));
    notes.push(note(1, 'another of ours'), { ...note(1, `${COMMENT_MARKER}\nold`), id: 777 });
    const { status } = await run();
    expect([status, notes.length, notes.filter(({ body }) => body.endsWith('new\n')).map(({ id }) => id)]).toEqual([
      0,
      152,
      [777],
    ]);
  });

  it.each([
    [
      'without a token',
      null,
      { KALPANA_NOTE_TOKEN: '' },
      'There is no KALPANA_NOTE_TOKEN: the plan stands above and in plan.md.',
    ],
    [
      'with a token that is refused',
      403,
      {},
      'The note could not be written (GitLab answers 403); the plan stands above and in plan.md.',
    ],
    [
      'while GitLab is away',
      null,
      { CI_API_V4_URL: 'http://127.0.0.1:1' },
      'The note could not be written (fetch failed); the plan stands above and in plan.md.',
    ],
  ])('%s prints the plan', async (_what, status, env, words) => {
    refusal = status;
    const ran = await run(env);
    expect([ran.status, ran.out, notes]).toEqual([0, `${COMMENT_MARKER}\nnew\n${words}\n`, []]);
    expect(`${ran.out}${ran.err}`).not.toContain(TOKEN);
  });

  it('fails where specs are invalid, and notes that', async () => {
    expect([(await run({}, { code: 1 })).status, notes.length]).toEqual([1, 1]);
  });

  it("takes the branch's own commit where results are merged first", async () => {
    const { file } = await run({ CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: 'f'.repeat(40) });
    expect(file('arguments-plan')).toContain(`\n--git-ref\n${'f'.repeat(40)}\n`);
  });
});
