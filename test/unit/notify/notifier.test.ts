import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { DeploymentEvent } from '../../../controller/model/git.js';
import { createNotifier, MAX_WAITING } from '../../../controller/notify/notifier.js';
import { openSending, openServer, type Scripted, type Taken, type WebServer } from './web-server.js';

const open: WebServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(script: Scripted[], secret: () => Promise<string | null> = async () => null) {
  const server = await openServer(script);
  open.push(server);
  const sending = openSending();
  const notifier = createNotifier({
    ...sending.given,
    url: `http://${server.host}/hook/secret-path`,
    secret,
    instance: 'one',
  });
  return { server, notifier, ...sending };
}

const event = (workspace: string): DeploymentEvent => ({
  type: 'drift-repaired',
  workspace,
  fields: ['image'],
  message: 'imäge',
});
const signature = ({ body }: Taken, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('createNotifier', () => {
  it('sends an event as JSON, signed', async () => {
    const { server, notifier, heard, told } = await start([], async () => 'word');
    expect(notifier.idle()).toBe(true);
    notifier.send(event('a'));
    expect(notifier.idle()).toBe(false);
    await heard(1);
    const taken = server.taken[0] as Taken;
    const id = taken.headers['x-kalpana-delivery'];
    expect(JSON.parse(taken.body)).toEqual({
      apiVersion: 'kalpana.dev/v1',
      kind: 'Notification',
      id,
      time: '2026-01-01T00:00:00.000Z',
      instance: 'one',
      event: event('a'),
    });
    expect(taken).toMatchObject({
      method: 'POST',
      path: '/hook/secret-path',
      headers: { 'content-type': 'application/json', 'x-kalpana-event': 'drift-repaired' },
    });
    expect(taken.headers['x-kalpana-signature-256']).toBe(signature(taken, 'word'));
    expect(told).toEqual([{ target: 'webhook', result: 'delivered', detail: `${server.host} answered 200` }]);
    await Promise.resolve();
    expect(notifier.idle()).toBe(true);
  });

  it('sends the first problems of a commit that has very many', async () => {
    const { server, notifier, heard } = await start([]);
    const problems = Array.from({ length: 60 }, (_, index) => ({
      location: { source: 'git:team', file: `${index}.json`, line: 1, column: 1 },
      workspace: null,
      message: 'is broken',
    }));
    notifier.send({
      type: 'failed',
      source: 'git:team',
      commit: null,
      reason: 'CommitInvalid',
      message: 'is broken (and 59 more)',
      problems,
    });
    await heard(1);
    expect(JSON.parse(server.taken[0]?.body ?? '').event).toMatchObject({
      message: 'is broken (and 59 more)',
      problems: problems.slice(0, 50),
    });
    expect(JSON.parse(server.taken[0]?.body ?? '').event.problems).toHaveLength(50);
  });

  it('does not sign without a secret', async () => {
    const { server, notifier, heard } = await start([]);
    notifier.send(event('a'));
    await heard(1);
    expect(server.taken[0]?.headers).not.toHaveProperty('x-kalpana-signature-256');
  });

  it('sends the same again under the same id, signed with what the secret is by then', async () => {
    const secrets = ['old', 'new'];
    const { server, notifier, heard, results, clock } = await start([500], async () => secrets.shift() ?? null);
    notifier.send(event('a'));
    await heard(1);
    clock.advance(1_500);
    await heard(2);
    const [first, second] = server.taken as [Taken, Taken];
    expect(results()).toEqual(['retried', 'delivered']);
    expect(second.body).toBe(first.body);
    expect(second.headers['x-kalpana-delivery']).toBe(first.headers['x-kalpana-delivery']);
    expect([first, second].map(({ headers }) => headers['x-kalpana-signature-256'])).toEqual([
      signature(first, 'old'),
      signature(second, 'new'),
    ]);
  });

  it('sends nothing while the secret is unreadable, empty or hangs', async () => {
    const refused = Object.assign(new Error('secret-file'), { code: 'EACCES' });
    const reads = [
      () => Promise.reject(refused),
      async () => '',
      () => new Promise<string>(() => undefined),
      async () => 'word',
    ];
    const { server, notifier, heard, told, clock } = await start([], () => (reads.shift() as () => Promise<string>)());
    notifier.send(event('a'));
    await heard(1);
    clock.advance(1_500);
    await heard(2);
    clock.advance(3_000);
    while (reads.length > 1) await Promise.resolve();
    clock.advance(10_000);
    await heard(3);
    clock.advance(6_000);
    await heard(4);
    expect(server.taken).toHaveLength(1);
    expect(server.taken[0]?.headers).toHaveProperty('x-kalpana-signature-256');
    expect(told.map(({ detail }) => detail.replace(server.host, 'H'))).toEqual([
      'H was not asked: the credentials cannot be read (EACCES)',
      'H was not asked: the credentials cannot be read',
      'H did not answer within 10 s',
      'H answered 200',
    ]);
  });

  it('keeps the order, and of 1,000 events the newest 200', async () => {
    const { server, notifier, heard, told, clock } = await start([500]);
    for (let index = 0; index < 1_000; index += 1) notifier.send(event(`w${index}`));
    const dropped = 1_000 - 1 - MAX_WAITING;
    expect(told.filter(({ result }) => result === 'dropped')).toHaveLength(dropped);
    expect(told[0]?.detail).toBe(
      `${server.host} is behind by more than 200 notifications: the oldest (drift-repaired) is left out`,
    );
    await heard(dropped + 1);
    clock.advance(1_500);
    await heard(dropped + 1 + 1 + MAX_WAITING);
    const names = server.bodies().map(({ event: one }) => (one as { workspace: string }).workspace);
    expect(names).toEqual([
      'w0',
      'w0',
      ...Array.from({ length: MAX_WAITING }, (_, index) => `w${1_000 - MAX_WAITING + index}`),
    ]);
  });

  it('goes on with the next after one that is refused', async () => {
    const { notifier, heard, results } = await start([401]);
    notifier.send(event('a'));
    notifier.send(event('b'));
    await heard(2);
    expect(results()).toEqual(['dropped', 'delivered']);
  });

  it('ends with what waits, and takes nothing more', async () => {
    const { server, notifier, end, told } = await start([() => undefined]);
    notifier.send(event('a'));
    notifier.send(event('b'));
    await server.reached(1);
    end.abort();
    while (!notifier.idle()) await Promise.resolve();
    notifier.send(event('c'));
    expect(notifier.idle()).toBe(true);
    expect(told).toEqual([]);
    expect(server.taken).toHaveLength(1);
  });
});
