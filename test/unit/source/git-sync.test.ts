import { describe, expect, it } from '@jest/globals';
import type { Commit, GitFailure, GitSettings } from '../../../controller/model/git.js';
import { parseGitUrl, type GitUrl } from '../../../controller/model/git-url.js';
import type { ReadCommit } from '../../../controller/source/git/commit-reader.js';
import { GitError } from '../../../controller/source/git/git-command.js';
import { loadSource, pollSource, suspendSource, type GitSync } from '../../../controller/source/git/git-sync.js';
import type { GitRepository } from '../../../controller/source/git/repository.js';
import { failureNow, newSyncState } from '../../../controller/source/git/sync-state.js';
import { SignatureError } from '../../../controller/source/git/verify-commit.js';
import { createManualClock } from '../../support/manual-clock.js';

const ONE = commit('1');
const TWO = commit('2');

function commit(digit: string): Commit {
  return { revision: digit.repeat(40), author: 'alice', subject: digit, committedAt: 0 };
}

const settings: GitSettings = {
  name: 'team',
  url: parseGitUrl('https://git.example/team/specs.git') as GitUrl,
  ref: null,
  path: 'specs',
  intervalMs: 60_000,
  timeoutMs: 60_000,
  maxBytes: 1,
  user: 'kalpana',
  tokenFile: null,
  sshKeyFile: null,
  knownHostsFile: null,
  caFile: null,
  webhookSecretFile: null,
  ageIdentityFile: null,
  verify: null,
  status: null,
  suspend: false,
};

/** A source whose server has `world.newest`; every answer of repository and memo can be replaced. */
function open(overrides: Partial<GitRepository> = {}) {
  const world = { newest: ONE, applied: null as Commit | null, isSuspended: false, isWhole: true, isNew: true };
  const calls: string[] = [];
  const reports: string[] = [];
  const clock = createManualClock();
  const state = newSyncState(settings);
  const stop = new AbortController();
  const repository: GitRepository = {
    prepare: () => Promise.resolve(world.isNew && !(world.isNew = false)),
    resolve: () => Promise.resolve({ name: 'HEAD', hash: world.newest.revision }),
    fetch: () => {
      calls.push('fetch');
      return Promise.resolve(world.newest);
    },
    applied: () => Promise.resolve(world.applied),
    markApplied: (revision) => {
      calls.push(`applied ${revision[0]}`);
      return Promise.resolve();
    },
    keepApplied: (revision) => {
      calls.push(`keep ${revision[0]}`);
      return Promise.resolve();
    },
    list: () => Promise.resolve([]),
    read: () => Promise.resolve(new Map()),
    verify: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
    isSound: () => Promise.resolve(world.isWhole),
    discard: () => {
      calls.push('discard');
      world.isNew = true;
      return Promise.resolve();
    },
    ...overrides,
  };
  /** A commit whose subject is "bad" lacks the directory of specs. */
  const readCommit: ReadCommit = (revision) =>
    Promise.resolve(revision === world.newest.revision && world.newest.subject === 'bad' ? null : []);
  const sync: GitSync = {
    id: 'git:team',
    settings,
    directory: '/state/team',
    repository,
    readCommit,
    memo: {
      isSuspended: () => Promise.resolve(world.isSuspended),
      suspended: (isSuspended) => {
        world.isSuspended = isSuspended;
        return Promise.resolve();
      },
      hasApplied: () => Promise.resolve(world.applied !== null),
      applied: () => Promise.resolve(),
    },
    clock,
    events: {
      onFetch: ({ failure }) => void reports.push(`fetch ${reasonOf(failure)}`),
      onCommit: ({ commit: one, failure }) => void reports.push(`commit ${one.revision[0]} ${reasonOf(failure)}`),
    },
    signal: stop.signal,
    state,
    onChange: () => undefined,
  };
  return {
    world,
    calls,
    reports,
    sync,
    state,
    stop,
    poll: (trigger = 'interval' as const) => pollSource(sync, trigger),
  };
}

function reasonOf(failure: GitFailure | null): string {
  return failure === null ? 'ok' : failure.reason;
}

const away = () => Promise.reject(new GitError('failed', 'refused', 'Failed to connect', 128));

describe('polling a git source', () => {
  it('puts the newest commit in force, and marks it before that', async () => {
    const { poll, state, calls, reports } = open();
    expect(await poll()).toBe(0);
    expect(state.inForce.applied?.commit).toBe(ONE);
    expect(calls).toEqual(['fetch', 'applied 1']);
    expect(reports).toEqual(['fetch ok', 'commit 1 ok']);
  });

  it('does not fetch what it knows, and changes nothing then', async () => {
    const { poll, state, calls } = open();
    await poll();
    const { generation } = state;
    await poll();
    expect(calls).toEqual(['fetch', 'applied 1']);
    expect(state.generation).toBe(generation);
  });

  it('leaves the commit before in force when the newest is bad, and keeps that one in the clone', async () => {
    const { poll, state, world, calls, reports } = open();
    await poll();
    world.newest = { ...TWO, subject: 'bad' };
    await poll();
    expect(state.inForce.applied?.commit).toBe(ONE);
    expect(failureNow(state)?.reason).toBe('PathMissing');
    expect(calls.at(-1)).toBe('keep 1');
    expect(reports.at(-1)).toBe('commit 2 PathMissing');
  });

  it('judges a commit again that was refused for its signature, without a fetch', async () => {
    let isTrusted = false;
    const { poll, state, calls } = open({
      verify: () => (isTrusted ? Promise.resolve() : Promise.reject(new SignatureError('it is not signed'))),
    });
    await poll();
    expect(failureNow(state)?.reason).toBe('SignatureInvalid');
    isTrusted = true;
    await poll();
    expect(failureNow(state)).toBeNull();
    expect(calls.filter((call) => call === 'fetch')).toEqual(['fetch']);
  });

  it('fetches at once for a webhook, and asks the next time', async () => {
    let asked = 0;
    const { sync, world, calls } = open({
      resolve: () => {
        asked += 1;
        return Promise.resolve({ name: 'HEAD', hash: world.newest.revision });
      },
    });
    await pollSource(sync, 'start');
    await pollSource(sync, 'hook');
    expect([asked, calls.filter((call) => call === 'fetch').length]).toEqual([1, 2]);
    await pollSource(sync, 'interval');
    expect([asked, calls.filter((call) => call === 'fetch').length]).toEqual([2, 3]);
  });

  it('counts polls that fail in a row, says so once, and leaves the clone alone while the server is away', async () => {
    const { poll, state, calls, reports, sync } = open();
    await poll();
    const isAway = { ...sync, repository: { ...sync.repository, resolve: away } };
    expect(await pollSource(isAway, 'interval')).toBe(1);
    const { generation } = state;
    expect(await pollSource(isAway, 'interval')).toBe(2);
    expect(state.generation).toBe(generation);
    expect(reports.slice(-2)).toEqual(['fetch FetchFailed', 'fetch FetchFailed']);
    expect(calls).not.toContain('discard');
    expect(await poll()).toBe(0);
    expect(failureNow(state)).toBeNull();
  });

  it('makes a broken clone anew, and judges the commit in force again for it', async () => {
    const { poll, state, calls, world, sync } = open();
    await poll();
    world.isWhole = false;
    const isBroken = {
      ...sync,
      repository: {
        ...sync.repository,
        resolve: () => Promise.reject(new GitError('failed', 'bad object', 'bad', 128)),
      },
    };
    expect(await pollSource(isBroken, 'interval')).toBe(1);
    expect(calls.at(-1)).toBe('discard');
    expect(failureNow(state)?.message).toContain('the clone in /state/team is broken and is made anew');
    world.isWhole = true;
    await poll();
    expect(calls.slice(-2)).toEqual(['fetch', 'applied 1']);
    expect(failureNow(state)).toBeNull();
  });

  it('applies nothing while it is suspended, and looks again when it is resumed', async () => {
    const { poll, state, world, sync, calls } = open();
    await poll();
    await suspendSource(sync, true);
    world.newest = TWO;
    await poll();
    expect(state.inForce.applied?.commit).toBe(ONE);
    await suspendSource(sync, false);
    await poll();
    expect(state.inForce.applied?.commit).toBe(TWO);
    expect(calls).toEqual(['fetch', 'applied 1', 'fetch', 'applied 2']);
  });

  it('says nothing of a poll that the stop cut off', async () => {
    const { poll, reports, stop } = open({
      resolve: () => {
        stop.abort();
        return away();
      },
    });
    await poll();
    expect(reports).toEqual([]);
  });
});

describe('what an earlier process left', () => {
  it('holds before the server is asked, and is read once', async () => {
    const { sync, state, world } = open();
    world.applied = ONE;
    await Promise.all([loadSource(sync), loadSource(sync)]);
    expect(state.inForce.applied?.commit).toBe(ONE);
    expect(state.isAsked).toBe(false);
  });

  it('is read again by the poll after one that could not read it', async () => {
    let reads = 0;
    const { poll, state, world } = open({
      resolve: away,
      applied: () => {
        reads += 1;
        return reads === 1 ? Promise.reject(new Error('too many open files')) : Promise.resolve(ONE);
      },
    });
    world.applied = ONE;
    await poll();
    expect(state.unread?.reason).toBe('GitUnusable');
    await poll();
    expect(state.inForce.applied?.commit).toBe(ONE);
    expect(state.unread).toBeNull();
  });
});
