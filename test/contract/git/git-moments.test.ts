import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** The real git, but for calls of `command` while `fails` is set. */
function failing(command: string, failure: () => GitError) {
  const state = { fails: false };
  const around =
    (git: Git): Git =>
    (call: GitCall) =>
      state.fails && call.args.includes(command) ? Promise.reject(failure()) : git(call);
  return { state, around };
}

describe('a moment in which git itself fails', () => {
  it.each<[string, () => GitError]>([
    ['is not there', () => new GitError('missing', 'git cannot be started: ENOENT', '')],
    ['cannot be started', () => new GitError('failed', 'git cannot be started: EAGAIN', '')],
    ['takes too long', () => new GitError('timeout', 'no answer within 60 s', '')],
    ['is killed', () => new GitError('failed', 'git ended with SIGKILL', '')],
  ])('costs no clone when it %s', async (_, failure) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const { state, around } = failing('--is-bare-repository', failure);
    const one = await site.started({}, { around });
    state.fails = true;
    const before = one.fetches.length;
    one.source.sync('request');
    await one.until(() => one.fetches.length > before);
    expect(one.fetches.at(-1)).not.toBeNull();
    await one.source.stop();
    // Nor the server: what is in force is known from the clone alone.
    rmSync(site.repository.path, { recursive: true });
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });

  it.each<[string, () => GitError]>([
    ['cannot be started', () => new GitError('failed', 'git cannot be started: EAGAIN', '')],
    ['takes too long', () => new GitError('timeout', 'no answer within 600 s', '')],
    ['is killed', () => new GitError('failed', 'git ended with SIGKILL', '')],
  ])('costs no clone when the check of it %s, while the server is away', async (_, failure) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const { state, around } = failing('fsck', failure);
    const one = await site.started({}, { around });
    state.fails = true;
    rmSync(site.repository.path, { recursive: true });
    await one.synced();
    expect(one.fetches.flatMap((failure) => (failure === null ? [] : [failure.reason]))).not.toContain('GitUnusable');
    await one.source.stop();
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
    await one.synced();
    expect(one.fetches.flatMap((failure) => (failure === null ? [] : [failure.reason]))).not.toContain('GitUnusable');
    await one.source.stop();
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision } });
  });

  it.each([
    ['what is marked', 'log'],
    ['the tree', 'ls-tree'],
  ])('is told, and passes, when %s cannot be read at the start of a source that is suspended', async (_, command) => {
    const revision = site.repository.commit({ 'alice.json': alice });
    await (await site.started()).source.stop();
    const { state, around } = failing(command, () => new GitError('timeout', 'no answer within 60 s', ''));
    state.fails = true;
    const one = await site.started({ suspend: true }, { around });
    expect(one.source.git()).toMatchObject({ applied: null, failure: { reason: 'FetchFailed' } });
    state.fails = false;
    one.source.sync('request');
    await one.until((source) => source.git().applied?.revision === revision);
    expect(one.source.git().failure).toBeNull();
    expect((await site.desired([one]).scan()).complete).toBe(true);
  });

  it('costs no commit when it cannot be marked as applied: a restart does not go back', async () => {
    site.repository.commit({ 'alice.json': alice });
    const { state, around } = failing(
      'update-ref',
      () => new GitError('failed', 'cannot lock ref: No space left on device', 'x', 128),
    );
    const one = await site.started({}, { around });
    state.fails = true;
    const revision = site.repository.commit({ 'bob.json': workspaceText('bob') });
    await one.until(() => one.fetches.some((failure) => failure !== null));
    state.fails = false;
    one.source.sync('request');
    await one.until((source) => source.git().applied?.revision === revision);
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
    const packCount = () => packs().filter((name) => name.endsWith('.pack')).length;
    let most = 0;
    for (let round = 0; round < 45; round += 1) {
      const revision = site.repository.commit({ 'alice.json': `${'{'.repeat(round + 1)}` });
      await one.until((source) => source.git().attempted?.revision === revision);
      most = Math.max(most, packCount());
    }
    await one.synced();
    expect(most).toBeGreaterThan(30);
    expect(packCount()).toBeLessThan(20);
    await one.source.stop();
    rmSync(site.repository.path, { recursive: true });
    expect((await site.started()).source.git()).toMatchObject({ applied: { revision: good } });
  });

  it('holds what is in force when it cannot be packed, and says that the server has answered', async () => {
    const { state, around } = failing(
      'repack',
      () =>
        new GitError(
          'failed',
          'unable to write file: No space left on device',
          'fatal: unable to write file: No space left on device',
          128,
        ),
    );
    state.fails = true;
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
