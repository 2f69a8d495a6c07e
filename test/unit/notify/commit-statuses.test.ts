import { afterEach, describe, expect, it } from '@jest/globals';
import type { CommitState } from '../../../controller/model/git.js';
import {
  createCommitStatuses,
  MAX_REVISIONS,
  type CommitStatusesOptions,
} from '../../../controller/notify/commit-statuses.js';
import { openSending, openServer, type Scripted, type WebServer } from './web-server.js';

const open: WebServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(
  script: Scripted[],
  provider: CommitStatusesOptions['provider'] = 'github',
  more: Partial<CommitStatusesOptions> = {},
) {
  const server = await openServer(script, 201);
  open.push(server);
  const sending = openSending();
  const statuses = createCommitStatuses({
    ...sending.given,
    provider,
    api: `http://${server.host}/api/`,
    repository: 'team/my specs',
    context: 'kalpana/one',
    token: async () => 'word\n',
    ...more,
  });
  return { server, statuses, ...sending };
}

const state = (revision: string, name: CommitState['state'] = 'pending', description = 'd'): CommitState => ({
  revision,
  state: name,
  description,
});

describe('createCommitStatuses', () => {
  it.each([
    [
      'github',
      '/api/repos/team/my%20specs/statuses/abc',
      { authorization: 'Bearer word', accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
      { state: 'failure', context: 'kalpana/one', description: `${'é'.repeat(139)}…` },
    ],
    [
      'gitlab',
      '/api/projects/team%2Fmy%20specs/statuses/abc',
      { 'private-token': 'word' },
      { state: 'failed', name: 'kalpana/one', description: `${'é'.repeat(254)}…` },
    ],
    [
      'gitea',
      '/api/repos/team/my%20specs/statuses/abc',
      { authorization: 'token word' },
      { state: 'failure', context: 'kalpana/one', description: `${'é'.repeat(254)}…` },
    ],
  ] as const)('speaks as %s wants it', async (provider, path, headers, body) => {
    const { server, statuses, heard, told } = await start([], provider);
    statuses.set(state('abc', 'failure', 'é'.repeat(300)));
    await heard(1);
    expect(server.taken).toMatchObject([{ method: 'POST', path, headers: { ...headers, 'user-agent': 'kalpana' } }]);
    expect(server.bodies()).toEqual([body]);
    expect(told).toEqual([{ target: 'commit-status', result: 'delivered', detail: `${server.host} answered 201` }]);
  });

  it('takes a state that GitLab has already for delivered, and no other 400', async () => {
    const says = (message: string) => (reply: Parameters<Exclude<Scripted, number>>[0]) =>
      void reply.writeHead(400).end(JSON.stringify({ message }));
    const { statuses, heard, results } = await start(
      [says('Cannot transition status via :enqueue from :pending'), says('sha is invalid')],
      'gitlab',
    );
    statuses.set(state('abc'));
    statuses.set(state('def'));
    await heard(2);
    expect(results()).toEqual(['delivered', 'dropped']);
    const other = await start([says('Cannot transition status')], 'github');
    other.statuses.set(state('abc'));
    await other.heard(1);
    expect(other.results()).toEqual(['dropped']);
  });

  it('sends only the newest state of a revision, in a retry too', async () => {
    const { server, statuses, heard, clock } = await start([500]);
    statuses.set(state('abc'));
    await heard(1);
    statuses.set(state('abc', 'failure'));
    statuses.set(state('abc', 'success'));
    clock.advance(1_500);
    await heard(2);
    expect(server.bodies().map((body) => body['state'])).toEqual(['pending', 'success']);
    await Promise.resolve();
    expect(statuses.idle()).toBe(true);
  });

  it('sends a state that changed while the one before was under way', async () => {
    const held: (() => void)[] = [];
    const { server, statuses, heard } = await start([(reply) => void held.push(() => reply.writeHead(201).end())]);
    statuses.set(state('abc'));
    await server.reached(1);
    statuses.set(state('abc', 'success'));
    held[0]?.();
    await heard(2);
    expect(server.bodies().map((body) => body['state'])).toEqual(['pending', 'success']);
  });

  it('does not send again what has not changed, and does what was refused', async () => {
    const { server, statuses, heard, results } = await start([201, 401]);
    statuses.set(state('abc'));
    await heard(1);
    statuses.set(state('abc'));
    statuses.set(state('def'));
    await heard(2);
    while (!statuses.idle()) await Promise.resolve();
    statuses.set(state('def'));
    await heard(3);
    expect(results()).toEqual(['delivered', 'dropped', 'delivered']);
    expect(server.taken.map(({ path }) => path?.slice(-3))).toEqual(['abc', 'def', 'def']);
  });

  it('sends what the host may have lost: an attempt that timed out', async () => {
    const { server, statuses, heard, clock } = await start([201, () => undefined]);
    statuses.set(state('abc'));
    await heard(1);
    statuses.set(state('abc', 'success'));
    await server.reached(2);
    statuses.set(state('abc'));
    clock.advance(10_000);
    await heard(2);
    clock.advance(1_500);
    await heard(3);
    expect(server.bodies().map((body) => body['state'])).toEqual(['pending', 'success', 'pending']);
  });

  it('keeps the newest fifty revisions', async () => {
    const { server, statuses, heard, told, clock } = await start([500]);
    for (let index = 0; index < 1_000; index += 1) statuses.set(state(`r${index}`));
    expect(told).toHaveLength(1_000 - MAX_REVISIONS);
    expect(told[0]).toEqual({
      target: 'commit-status',
      result: 'dropped',
      detail: `${server.host} is behind by more than 50 commits: the oldest is left out`,
    });
    await heard(951);
    clock.advance(1_500);
    await heard(951 + MAX_REVISIONS);
    const revisions = server.taken.map(({ path }) => path?.split('/').at(-1));
    expect(revisions).toEqual(['r0', 'r0', ...Array.from({ length: 49 }, (_, index) => `r${951 + index}`)]);
    statuses.set(state('r1000'));
    await heard(952 + MAX_REVISIONS);
    expect(told.at(-1)?.result).toBe('delivered');
  });

  it('reads the token anew for each attempt, and takes none that comes too late', async () => {
    const late: ((token: string) => void)[] = [];
    const tokens = [
      () => Promise.reject(new Error('secret')),
      () => new Promise<string>((resolve) => void late.push(resolve)),
      async () => 'new',
    ];
    const held: (() => void)[] = [];
    const { server, statuses, heard, clock, told } = await start(
      [(reply) => void held.push(() => reply.writeHead(201).end())],
      'gitea',
      { token: () => (tokens.shift() ?? (async () => 'last'))() },
    );
    statuses.set(state('abc'));
    await heard(1);
    clock.advance(1_500);
    while (late.length === 0) await Promise.resolve();
    clock.advance(10_000);
    await heard(2);
    clock.advance(3_000);
    await server.reached(1);
    statuses.set(state('abc', 'success'));
    late[0]?.('old');
    await Promise.resolve();
    held[0]?.();
    await heard(4);
    expect(server.taken.map(({ headers }) => headers.authorization)).toEqual(['token new', 'token last']);
    expect(server.bodies().map((body) => body['state'])).toEqual(['pending', 'success']);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('ends when it is told to', async () => {
    const { server, statuses, end, told } = await start([() => undefined]);
    statuses.set(state('abc'));
    statuses.set(state('def'));
    await server.reached(1);
    end.abort();
    while (!statuses.idle()) await Promise.resolve();
    statuses.set(state('ghi'));
    expect(statuses.idle()).toBe(true);
    expect(told).toEqual([]);
  });
});
