import { afterEach, describe, expect, it } from '@jest/globals';
import type { CommitState } from '../../../controller/model/git.js';
import type { Notified } from '../../../controller/model/notified.js';
import { createCommitStatuses, type CommitStatusesOptions } from '../../../controller/notify/commit-statuses.js';
import type { Provider } from '../../../controller/notify/providers.js';
import { openHost, REPOSITORY, TOKEN, type Host, type HostAnswer } from '../../support/git/fake-hosts.js';
import { createManualClock } from '../../support/manual-clock.js';

/** The host knows this commit and no other. */
const REVISION = 'c0ffee0123456789c0ffee0123456789c0ffee01';
const START = Date.UTC(2026, 0, 1);
const PROVIDERS = ['github', 'gitlab', 'gitea'] as const;
const PENDING: CommitState = { revision: REVISION, state: 'pending', description: 'its workspaces converge' };
const SUCCESS: CommitState = { revision: REVISION, state: 'success', description: '2 of 2 workspaces' };

const opened: Host[] = [];
afterEach(() => Promise.all(opened.splice(0).map((host) => host.close())));

async function open(provider: Provider, options: Partial<CommitStatusesOptions> = {}) {
  const host = await openHost(provider, (revision) => revision === REVISION);
  opened.push(host);
  const clock = createManualClock(START);
  const told: Notified[] = [];
  /** Seconds after the start. */
  const attempts: number[] = [];
  const statuses = createCommitStatuses({
    provider,
    api: host.api,
    repository: REPOSITORY[provider],
    context: 'kalpana/team',
    token: () => Promise.resolve(TOKEN),
    clock,
    random: () => 0,
    signal: new AbortController().signal,
    fetch(...request) {
      attempts.push((clock.now() - START) / 1000);
      return fetch(...request);
    },
    onResult: (facts) => void told.push(facts),
    ...options,
  });

  /** Sets a state and sees it to its end: time stands still while an attempt is under way. */
  async function show(state: CommitState): Promise<Notified['result'][]> {
    const before = told.length;
    statuses.set(state);
    for (await new Promise(setImmediate); !statuses.idle(); await new Promise(setImmediate)) {
      if (attempts.length === told.length) clock.advance(1_000);
    }
    return told.slice(before).map(({ result }) => result);
  }
  return { host, told, attempts, show };
}

const limit = (
  status: number,
  headers: Record<string, string>,
  message = 'API rate limit exceeded for user ID 1.',
): HostAnswer => ({ status, headers, body: { message } });
const reset = (seconds: number) => ({ 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${START / 1000 + seconds}` });

describe.each(PROVIDERS)('%s', (provider) => {
  it('shows a commit from pending to its end', async () => {
    const { host, show } = await open(provider);
    await show(PENDING);
    await show(SUCCESS);
    await show({ ...SUCCESS, state: 'failure', description: 'alice: PortConflict' });
    const context = 'kalpana/team';
    expect(host.shown(REVISION)).toEqual([
      { state: 'pending', context, description: PENDING.description },
      { state: 'success', context, description: SUCCESS.description },
      { state: provider === 'gitlab' ? 'failed' : 'failure', context, description: 'alice: PortConflict' },
    ]);
  });

  it('takes a description of any length, in whole characters', async () => {
    const { host, show } = await open(provider);
    expect(await show({ ...SUCCESS, description: 'a' + '🦀'.repeat(300) })).toEqual(['delivered']);
    expect(host.shown(REVISION)[0]?.description).toMatch(/^a🦀+…$/u);
  });

  it.each<[string, Partial<CommitStatusesOptions>, Partial<CommitState>]>([
    ['a wrong token', { token: () => Promise.resolve('other-token') }, {}],
    ['another repository', { repository: 'team/other' }, {}],
    ['a commit that it does not know', {}, { revision: 'f'.repeat(40) }],
  ])('is not asked twice about %s', async (_case, options, state) => {
    const { host, told, attempts, show } = await open(provider, options);
    expect(await show({ ...SUCCESS, ...state })).toEqual(['dropped']);
    expect(attempts).toEqual([0]);
    expect(host.shown(REVISION)).toEqual([]);
    expect(JSON.stringify(told)).not.toContain('token');
  });

  it('is asked again after a fault of its own', async () => {
    const { host, show } = await open(provider);
    host.moods.push({ status: 502 });
    expect(await show(SUCCESS)).toEqual(['retried', 'delivered']);
    expect(host.shown(REVISION)).toHaveLength(1);
  });
});

describe('the limits of GitHub', () => {
  it.each<[string, HostAnswer, number]>([
    ['403 that says when', limit(403, { 'Retry-After': '20' }, 'Slow down.'), 20],
    ['403 with nothing left', limit(403, reset(300)), 300],
    ['429 with nothing left', limit(429, reset(300)), 300],
    ['one that is over by now', limit(403, reset(-5)), 1],
    ['one that ends in an hour', limit(403, reset(3_600)), 600],
    ['one without an end', limit(403, { 'X-RateLimit-Remaining': '0' }), 60],
    [
      'a secondary one that only its words tell',
      limit(403, {}, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'),
      60,
    ],
    ['a secondary one with 429', limit(429, { 'X-RateLimit-Remaining': '12' }, 'Slow down.'), 60],
    ['words that are cut', { ...limit(403, {}), isCut: true }, 1],
  ])('%s', async (_case, answer, seconds) => {
    const { host, attempts, show } = await open('github');
    host.moods.push(answer);
    expect(await show(SUCCESS)).toEqual(['retried', 'delivered']);
    expect(attempts).toEqual([0, seconds]);
    expect(host.shown(REVISION)).toHaveLength(1);
  });

  it('are not what a token that may not do this meets', async () => {
    const { host, told, show } = await open('github');
    host.moods.push({
      status: 403,
      headers: { 'X-RateLimit-Remaining': '4999' },
      body: { message: 'Resource not accessible by personal access token' },
    });
    expect(await show(SUCCESS)).toEqual(['dropped']);
    expect(told[0]?.detail).toMatch(/^127\.0\.0\.1:\d+ answered 403: check the credentials$/);
  });

  it('are not what another refusal is, with the last request of an hour', async () => {
    const { host, show } = await open('github');
    host.moods.push(limit(422, reset(300), 'Validation Failed'));
    expect(await show(SUCCESS)).toEqual(['dropped']);
  });

  it('are told as what they are', async () => {
    const { host, told, show } = await open('github');
    host.moods.push(limit(403, reset(300)));
    await show(SUCCESS);
    expect(told[0]?.detail).toMatch(/^127\.0\.0\.1:\d+ answered 403: its rate limit is reached$/);
  });
});

describe('the refusals of GitLab', () => {
  it('of a state that the commit has already', async () => {
    const { host, show } = await open('gitlab');
    await show(PENDING);
    expect(await show({ ...PENDING, description: 'in other words' })).toEqual(['delivered']);
    expect(host.shown(REVISION)).toHaveLength(1);
  });

  it('of which another says the same words', async () => {
    const { host, show } = await open('gitlab');
    host.moods.push({ status: 403, body: { message: 'Cannot transition status' } });
    expect(await show(SUCCESS)).toEqual(['dropped']);
  });

  it('while it is busy with the same commit', async () => {
    const { host, attempts, show } = await open('gitlab');
    host.moods.push({ status: 409, body: { message: '409 Another update to this commit status is in progress' } });
    expect(await show(SUCCESS)).toEqual(['retried', 'delivered']);
    expect(attempts).toEqual([0, 1]);
    expect(host.shown(REVISION)).toHaveLength(1);
  });

  it('of which the words do not come through', async () => {
    const { host, show } = await open('gitlab');
    host.moods.push({ status: 400, body: { message: 'Cannot' }, isCut: true });
    expect(await show(SUCCESS)).toEqual(['retried', 'delivered']);
    expect(host.shown(REVISION)).toHaveLength(1);
  });
});

it.each(['github', 'gitea'] as const)('a conflict at %s is a refusal', async (provider) => {
  const { host, show } = await open(provider);
  host.moods.push({ status: 409 });
  expect(await show(SUCCESS)).toEqual(['dropped']);
});
