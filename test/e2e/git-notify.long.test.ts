import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { createRepository, type TestRepository } from '../support/git/repository.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, workspace } from '../support/e2e/kalpana-specs.js';

// In each run test/unit/notify has what is sent, signed, tried again and left out; git-deploy has the commits.

interface Told {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> & {
    readonly event?: Readonly<Record<string, unknown>>;
    readonly state?: string;
  };
}

const site = createSite('gitnotify', testEngineHost());
const SECRET = 'signed with this';
const told: Told[] = [];
let repository: TestRepository;
let faults = 0;

/** The webhook's receiver and a Gitea in one. Its first answers are errors: all has to come again. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const isHook = request.url === '/hook';
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const isGenuine = isHook
      ? request.headers['x-kalpana-signature-256'] === signature
      : request.headers.authorization === 'token the-token';
    if (!isGenuine) return void response.writeHead(401).end();
    faults += 1;
    if (faults <= 2) return void response.writeHead(503).end();
    told.push({ path: request.url ?? '', body: JSON.parse(body.toString()) as Told['body'] });
    response.writeHead(201).end('{}');
  });
});

const text = (name: string, spec: object = {}) => JSON.stringify(workspace(name, { ...NO_CACHE, ...spec }));
const events = () => told.filter(({ path }) => path === '/hook').map(({ body }) => body.event);
const states = (revision: string) =>
  told.filter(({ path }) => path === `/api/v1/repos/team/specs/statuses/${revision}`).map(({ body }) => body.state);

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  site.secret('notify', `${SECRET}\n`);
  site.secret('token', 'the-token\n');
  mkdirSync(join(site.dir, 'repos'));
  repository = createRepository(join(site.dir, 'repos/specs.git'));
  repository.commit({ 'gn-a.json': text('gn-a') });
  site.start({
    flags: [
      ...['--git', repository.url, '--git-name', 'team', '--git-ref', 'main'],
      ...[
        '--git-status',
        'gitea',
        '--git-status-api',
        `${origin}/api/v1`,
        '--git-status-repository',
        'team/specs',
        '--git-status-token-file',
        join(site.secrets, 'token'),
      ],
      ...['--notify', `${origin}/hook`, '--notify-secret-file', join(site.secrets, 'notify')],
    ],
  });
});
afterAll(() => void server.close());

describe('outside', () => {
  it('is told of a commit when its workspaces run, signed, and again when it does not answer', async () => {
    const revision = repository.head()!;
    await eventually(
      () =>
        expect(events()).toContainEqual(
          expect.objectContaining({
            type: 'applied',
            source: 'git:team',
            commit: expect.objectContaining({ revision }),
            message: '1 workspace converged',
          }),
        ),
      { withinMs: 40_000 },
    );
    await eventually(() => expect(states(revision).at(-1)).toBe('success'), { withinMs: 20_000 });
    expect(faults).toBeGreaterThan(2);
  });

  it('is told of a commit that is not applied, with its problems', async () => {
    const revision = repository.commit({ 'gn-a.json': '{"kind": 1' });
    await eventually(
      () =>
        expect(events()).toContainEqual(
          expect.objectContaining({
            type: 'failed',
            reason: 'CommitInvalid',
            commit: expect.objectContaining({ revision }),
            problems: [expect.objectContaining({ location: expect.objectContaining({ file: 'gn-a.json', line: 1 }) })],
          }),
        ),
      { withinMs: 20_000 },
    );
    await eventually(() => expect(states(revision)).toEqual(['failure']), { withinMs: 20_000 });
  });

  it('is told of one that is in force and cannot run', async () => {
    const revision = repository.commit({
      'gn-a.json': text('gn-a', { image: 'nobody/has-this:1', imagePullPolicy: 'Never' }),
    });
    await eventually(
      () =>
        expect(events()).toContainEqual(
          expect.objectContaining({
            type: 'failed',
            reason: 'RolloutFailed',
            commit: expect.objectContaining({ revision }),
          }),
        ),
      { withinMs: 20_000 },
    );
    await eventually(() => expect(states(revision).at(-1)).toBe('failure'), { withinMs: 20_000 });
    const mended = repository.commit({ 'gn-a.json': text('gn-a') });
    await eventually(() => expect(states(mended).at(-1)).toBe('success'), { withinMs: 20_000 });
  });

  it('is told of drift that was repaired', async () => {
    await site.docker.remove('workspace-gn-a');
    await eventually(
      () => expect(events()).toContainEqual(expect.objectContaining({ type: 'drift-repaired', workspace: 'gn-a' })),
      { withinMs: 20_000 },
    );
  });

  it('is told of a server that does not answer, once', async () => {
    repository.deleteBranch('main');
    await eventually(
      () =>
        expect(events()).toContainEqual(
          expect.objectContaining({ type: 'failed', reason: 'RefMissing', commit: null }),
        ),
      { withinMs: 20_000 },
    );
    expect(events().filter((event) => event?.['reason'] === 'RefMissing').length).toBe(1);
  });
});
