import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GitError, type Git, type GitCall } from '../../../controller/source/git/git-command.js';
import { eventually } from '../../support/e2e/eventually.js';
import { workspaceText } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const alice = workspaceText('alice');
const packs = () => readdirSync(join(site.root, 'state/git/team/clone.git/objects/pack'));

/** The real git, but for calls of `command` while there is a `failure`. */
function failing(command: string) {
  const state = { failure: null as GitError | null, met: 0 };
  const around =
    (git: Git): Git =>
    (call: GitCall) => {
      if (state.failure === null || !call.args.includes(command)) return git(call);
      state.met += 1;
      return Promise.reject(state.failure);
    };
  return { state, around };
}

describe('a moment in which git itself fails', () => {
  it('costs no clone, nor does one in which the clone is checked while the server is away', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const [beginning, check] = [failing('--is-bare-repository'), failing('fsck')];
    const one = await site.started({}, { around: (git) => beginning.around(check.around(git)) });
    const mark = join(site.root, 'state/git/team/clone.git/mark');
    writeFileSync(mark, '');
    const failures = [
      new GitError('failed', 'git cannot be started: EAGAIN', ''),
      new GitError('timeout', 'no answer within 60 s', ''),
      new GitError('failed', 'git ended with SIGKILL', ''),
    ];
    for (const failure of [new GitError('missing', 'git cannot be started: ENOENT', ''), ...failures]) {
      beginning.state.failure = failure;
      await one.failed();
    }
    beginning.state.failure = null;
    await one.synced();
    expect(one.source.git().failure).toBeNull();
    rmSync(site.repository.path, { recursive: true });
    for (const failure of failures) {
      check.state.failure = failure;
      expect((await one.failed()).reason).not.toBe('GitUnusable');
    }
    expect([check.state.met, existsSync(mark)]).toEqual([failures.length, true]);
    await one.source.stop();
    // What is in force is known from the clone alone.
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });

  it('does not take what an old tool wrote into a commit for a broken clone', async () => {
    const first = site.repository.commit({ 'alice.json': alice });
    const tree = site.repository.git(['rev-parse', `${first}^{tree}`]);
    const revision = site.repository.git(
      ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
      `tree ${tree}\nauthor Ann <ann@example.com> 1700000000 bad\ncommitter Ann 1700000000 +0000\n\nodd\n`,
    );
    site.repository.move('main', revision);
    const one = await site.started();
    expect(one.source.git()).toMatchObject({ applied: { revision } });
    rmSync(site.repository.path, { recursive: true });
    expect((await one.failed()).reason).not.toBe('GitUnusable');
    await one.source.stop();
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });

  it.each([
    ['what is marked', 'log'],
    ['the tree', 'ls-tree'],
  ])('is told, and passes, when %s cannot be read at the start of a source that is suspended', async (_, command) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    await (await site.started()).source.stop();
    const { state, around } = failing(command);
    state.failure = new GitError('timeout', 'no answer within 60 s', '');
    const one = await site.started({ suspend: true }, { around });
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'FetchFailed' } });
    state.failure = null;
    one.source.sync('request');
    await one.until((source) => source.git().applied?.revision === revision);
    expect(one.source.git().failure).toBeNull();
    expect((await site.desired([one]).scan()).complete).toBe(true);
  });

  it('costs no commit when it cannot be marked as applied: a restart does not go back', async () => {
    site.repository.commit({ 'alice.json': alice });
    const { state, around } = failing('update-ref');
    const one = await site.started({}, { around });
    state.failure = new GitError('failed', 'cannot lock ref: No space left on device', 'x', 128);
    const revision = site.repository.commit({ 'bob.json': workspaceText('bob') });
    await one.failed();
    state.failure = null;
    await one.judged(revision);
    await one.synced();
    expect(one.commits.map(({ failure }) => failure)).toEqual([null, null]);
    await one.source.stop();
    rmSync(site.repository.path, { recursive: true });
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });
});

describe('suspending while the server is being asked', () => {
  it('applies nothing that arrives afterwards, and applies it when it is resumed', async () => {
    site.repository.commit({ 'alice.json': alice });
    let hold: { readonly reached: () => void; readonly open: Promise<void> } | null = null;
    const around =
      (git: Git): Git =>
      async (call) => {
        const answer = await git(call);
        if (call.args.includes('fetch') && hold !== null) {
          hold.reached();
          await hold.open;
        }
        return answer;
      };
    const one = await site.started({}, { around });
    let release = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      hold = { reached: resolve, open: new Promise((open) => (release = open)) };
    });
    const second = site.repository.commit({ 'bob.json': workspaceText('bob') });
    one.source.sync('request');
    await reached;
    await one.source.suspend(true);
    const before = one.fetches.length;
    release();
    await one.until(() => one.fetches.length > before);
    await one.source.suspend(false);
    await one.until((source) => source.git().applied?.revision === second);
    expect(one.fetches.length).toBeGreaterThan(before + 1);
  });
});

describe('the end of a controller', () => {
  /** A git that begins to do `command` as it should and then takes very long. */
  function slow(command: string): { readonly path: string; readonly begun: () => Promise<void> } {
    const [bin, mark] = [join(site.root, 'bin'), join(site.root, 'begun')];
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'git'),
      `#!/bin/sh
PATH=\${PATH#*:}
for word; do [ "$word" != ${command} ] || { : > ${mark}; : > "\${1#--git-dir=}/objects/pack/.tmp-1-pack-x.pack"; sleep 600; }; done
exec git "$@"
`,
    );
    chmodSync(join(bin, 'git'), 0o755);
    return {
      path: `${bin}:${process.env['PATH']}`,
      begun: () => eventually(() => expect(existsSync(mark)).toBe(true), { withinMs: 10_000 }),
    };
  }

  it('does not wait until a clone is checked', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const { path, begun } = slow('fsck');
    const one = await site.started({}, { path });
    rmSync(site.repository.path, { recursive: true });
    one.source.sync('request');
    await begun();
    await one.source.stop();
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });

  it('in the midst of packing leaves nothing that stays', async () => {
    const { path, begun } = slow('repack');
    site.repository.commit({ 'alice.json': alice });
    // So small that whatever was fetched is worth packing.
    const one = site.open({ maxBytes: 2048 }, { path });
    one.source.start();
    await begun();
    await one.source.stop();
    expect(packs()).toContain('.tmp-1-pack-x.pack');
    const next = await site.started();
    expect(next.source.git()).toMatchObject({ applied: { revision: site.repository.head() }, failure: null });
    expect(packs()).not.toContain('.tmp-1-pack-x.pack');
  });
});

describe('a clone that is fetched into again and again', () => {
  it('is packed anew, and what is in force and the newest commit stay in it', async () => {
    const good = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    const clone = join(site.root, 'state/git/team/clone.git');
    const packCount = () => packs().filter((name) => name.endsWith('.pack')).length;
    const shallowCount = () => readFileSync(join(clone, 'shallow'), 'utf8').trim().split('\n').length;
    let revision = good;
    async function bad(text: string): Promise<void> {
      revision = site.repository.commit({ 'alice.json': text });
      await one.judged(revision);
      await one.synced();
    }
    await bad('{');
    await bad('{{');
    expect([packCount(), shallowCount()]).toEqual([3, 3]);
    // As dozens of commits more would leave it.
    const pack = join(
      clone,
      'objects/pack',
      packs()
        .find((name) => name.endsWith('.pack'))!
        .replace('.pack', ''),
    );
    for (let count = packCount(); count < 40; count += 1) {
      const copy = join(clone, `objects/pack/pack-${String(count).padStart(40, '0')}`);
      for (const end of ['pack', 'idx']) copyFileSync(`${pack}.${end}`, `${copy}.${end}`);
    }
    await bad('{{{');
    const kept = readFileSync(join(clone, 'shallow'), 'utf8').trim().split('\n');
    expect([packCount(), kept.sort()]).toEqual([1, [good, revision].sort()]);
    await one.source.stop();
    rmSync(site.repository.path, { recursive: true });
    const next = await site.started();
    expect(next.source.git()).toMatchObject({ applied: { revision: good } });
  });

  it('holds what is in force when it cannot be packed, and says that the server has answered', async () => {
    const { state, around } = failing('repack');
    const words = 'unable to write file: No space left on device';
    state.failure = new GitError('failed', words, `fatal: ${words}`, 128);
    const revision = site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ maxBytes: 2048 }, { around });
    expect(one.source.git()).toMatchObject({ applied: { revision } });
    expect(one.fetches).toEqual([
      null,
      {
        reason: 'GitUnusable',
        message: expect.stringMatching(/^the clone in .*team cannot be packed: unable to write file: No space left/),
        problems: [],
      },
    ]);
  });
});
