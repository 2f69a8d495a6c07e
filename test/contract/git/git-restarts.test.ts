import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { variants } from '../../support/cases.js';
import { workspaceText, type CommitOptions } from '../../support/git/repository.js';
import { createGitTestSite } from '../../support/git/site.js';

let site: ReturnType<typeof createGitTestSite>;
beforeEach(() => void (site = createGitTestSite()));
afterEach(() => site.close());

const alice = workspaceText('alice');
const bob = workspaceText('bob');
const BROKEN = '{\n  "kind": "Workspace",\n  oops\n}\n';

describe('restarts', () => {
  it('knows what is applied before the server answers, and removes nothing until it does', async () => {
    const revision = site.repository.commit({ 'alice.json': alice });
    const first = await site.started();
    await first.source.stop();
    rmSync(site.repository.path, { recursive: true });
    const one = await site.started();
    expect(one.source.git()).toMatchObject({ applied: { revision }, failure: { reason: 'FetchFailed' } });
    expect(await site.wanted(one)).toMatchObject({ complete: false, images: { alice: 'debian:12' }, revision });
    expect(site.desired([one]).sources()[0]).toMatchObject({ readOnce: false });
  });

  it('keeps the good commit in force when the newest is bad, in a new process too', async () => {
    const good = site.repository.commit({ 'alice.json': alice });
    await (await site.started()).source.stop();
    site.repository.commit({ 'alice.json': BROKEN });
    const one = await site.started();
    expect(await site.wanted(one)).toMatchObject({ complete: true, images: { alice: 'debian:12' }, revision: good });
  });

  it('does not take the clone of another repository, branch or path for its own', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    await (await site.started({ path: 'a' })).source.stop();
    const one = site.open({ path: 'b' });
    expect(await site.wanted(one)).toMatchObject({ images: {}, complete: false });
    one.source.start();
    await one.until((source) => source.isSettled());
    expect((await site.wanted(one)).images).toMatchObject({ bob: 'debian:12' });
  });

  it.each<[string, string]>([
    ['was made anew', 'HEAD'],
    ['has lost it', 'objects/pack'],
  ])('fetches what is in force into a clone that %s while the newest commit is a bad one', async (_, lost) => {
    const { one, good } = await brokenUnderBad(lost);
    await one.source.stop();
    rmSync(site.repository.path, { recursive: true });
    const next = await site.started();
    expect(next.source.git()).toMatchObject({ applied: { revision: good }, failure: { reason: 'FetchFailed' } });
    expect(await site.wanted(next)).toMatchObject({ complete: false, images: { alice: 'debian:12' } });
  });

  it('goes on when the server does not have what is in force any more', async () => {
    const { one, good } = await brokenUnderBad('HEAD', { parent: null });
    expect(site.repository.has(good)).toBe(false);
    expect(await site.wanted(one)).toMatchObject({ images: { alice: 'debian:12' }, revision: good });
    const mended = site.repository.commit({ 'alice.json': alice, 'bob.json': bob });
    await one.judged(mended);
    expect(one.source.git().applied?.revision).toBe(mended);
  });

  /** A clone that breaks while a newer commit than the one in force is refused. */
  async function brokenUnderBad(lost: string, options: CommitOptions = {}) {
    const good = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    site.repository.commit({ 'alice.json': BROKEN }, options);
    // Without its parent, nothing names the good one any more: the server drops it.
    site.repository.git(['prune', '--expire=now']);
    await one.judged(site.repository.head()!);
    rmSync(join(site.root, 'state/git/team/clone.git', lost), { recursive: true });
    const newest = site.repository.commit({ 'alice.json': `${BROKEN}\n` });
    await one.judged(newest);
    await one.synced();
    return { one, good };
  }
});

/** The rows are restarts of one source. */
describe('a restart', () => {
  let history: ReturnType<typeof createGitTestSite>;
  let round = 0;
  beforeAll(async () => {
    history = createGitTestSite();
    history.repository.commit({ 'alice.json': alice });
    await (await history.started()).source.stop();
  });
  afterAll(() => history.close());

  const HARMS: readonly [string, (clone: string) => void][] = [
    ['its HEAD is gone', (clone) => rmSync(join(clone, 'HEAD'))],
    ['its packs are cut', (clone) => cutPacks(clone)],
    ['a killed process left its locks', (clone) => writeFileSync(join(clone, 'shallow.lock'), '')],
    ['its references are garbage', (clone) => writeFileSync(join(clone, 'refs/kalpana/applied'), 'garbage')],
    ['its packs are gone', (clone) => rmSync(join(clone, 'objects/pack'), { recursive: true })],
    ['its configuration is garbage', (clone) => writeFileSync(join(clone, 'config'), '[core')],
    ['it is a file', (clone) => (rmSync(clone, { recursive: true }), writeFileSync(clone, ''))],
  ];
  it.each(variants(HARMS, 3))('makes a clone anew when %s', async (_, harm) => {
    harm(join(history.root, 'state/git/team/clone.git'));
    round += 1;
    const next = history.repository.commit({ 'bob.json': workspaceText('bob', { image: `debian:${round}` }) });
    const one = await history.started();
    await one.judged(next);
    const images = { alice: 'debian:12', bob: `debian:${round}` };
    expect(await history.wanted(one)).toMatchObject({ complete: true, images, revision: next });
    // The server has answered; that the new clone holds what is in force comes a moment later.
    await one.synced();
    await one.source.stop();
    expect((await history.wanted(history.open())).revision).toBe(next);
  });

  function cutPacks(clone: string): void {
    const directory = join(clone, 'objects/pack');
    for (const name of readdirSync(directory).filter((one) => one.endsWith('.pack')))
      truncateSync(join(directory, name), Math.floor(statSync(join(directory, name)).size / 2));
  }
});

describe('suspending', () => {
  it('applies nothing new, over a restart too, until it is resumed', async () => {
    const first = site.repository.commit({ 'alice.json': alice });
    const one = await site.started();
    await one.source.suspend(true);
    const second = site.repository.commit({ 'bob.json': bob });
    await one.source.stop();
    const next = await site.started();
    expect(next.source.git()).toMatchObject({ isSuspended: true, applied: { revision: first } });
    expect((await site.wanted(next)).complete).toBe(true);
    await next.source.suspend(false);
    await next.until((source) => source.git().applied?.revision === second);
  });

  it('makes nothing of another configuration its own', async () => {
    site.repository.commit({ 'a/alice.json': alice, 'b/bob.json': bob });
    await (await site.started({ path: 'a' })).source.stop();
    await site.open({ path: 'b' }).source.suspend(true);
    const next = site.open({ path: 'b' });
    expect(await site.wanted(next)).toMatchObject({ complete: false, images: {}, revision: null });
    expect(next.source.git()).toMatchObject({ isSuspended: true, applied: null });
  });

  it('begins suspended when it is configured so', async () => {
    site.repository.commit({ 'alice.json': alice });
    const one = await site.started({ suspend: true });
    expect(one.source.git()).toMatchObject({ isSuspended: true, applied: null });
    expect(one.fetches).toEqual([]);
  });
});
