import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isTrustedHost } from '../../../controller/server/host-check.js';
import { formatAddress, parseListenAddress } from '../../../controller/server/listen-address.js';
import { call, createHarness } from './harness.js';

const { make, directory, cleanUp } = createHarness();
afterEach(cleanUp);

/** A socket file whose process was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the TCP port', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
  ])('reads %s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
    expect(formatAddress(expected)).toBe(text);
  });

  it.each(['9464', ':9464', '::1:9464', '[localhost]:1', 'a:65536', 'a:b', '', 'http://a:1'])('refuses %p', (text) => {
    expect(() => parseListenAddress(text)).toThrow(/write HOST:PORT such as/);
  });

  it.each([
    ['Devbox:9464', true],
    [undefined, true],
    ['other:9464', false],
    ['', false],
    ['devbox:9464:1', false],
    ['[::1]x', false],
  ])('listening on devbox, trusts the Host %p: %p', (header, trusted) => {
    expect(isTrustedHost(header, 'devbox')).toBe(trusted);
  });

  it('names a port in use and the remedy, and listens nowhere then', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    const { address } = await make({ listen: '127.0.0.1:0' }).start();
    const port = address?.split(':')[1];
    await expect(make({ listen: address, socketPath }).start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: port ${port} is in use; stop what holds it, or choose another with --listen HOST:PORT (--listen off for none)`,
    );
    expect(existsSync(socketPath)).toBe(false);
  });

  it('names a host that is not of this machine', async () => {
    await expect(make({ listen: '192.0.2.1:0' }).start()).rejects.toThrow(
      'cannot listen on 192.0.2.1:0: 192.0.2.1 is no address of this machine',
    );
  });

  it('can be off', async () => {
    expect(await make().start()).toEqual({ address: null });
  });
});

describe('the Unix socket', () => {
  it('belongs to the owner alone, and goes with the server', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    const mask = process.umask();
    const server = make({ socketPath });
    await server.start();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(mask);
    expect((await call(socketPath, { path: '/api/v1/workspaces/alice', headers: { Host: 'anything' } })).status).toBe(
      200,
    );
    await server.stop();
    expect(existsSync(socketPath)).toBe(false);
  });

  it('refuses where another controller answers, and leaves that one alone', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    await make({ socketPath }).start();
    await expect(make({ socketPath }).start()).rejects.toThrow(
      `another controller runs on this state directory (it answers at ${socketPath})`,
    );
    expect((await call(socketPath, { path: '/healthz' })).status).toBe(200);
  });

  it('takes over what a killed controller left', async () => {
    const folder = directory();
    const socketPath = join(folder, 'kalpana.sock');
    await leaveStaleSocket(socketPath);
    await make({ socketPath }).start();
    expect((await call(socketPath, { path: '/healthz' })).status).toBe(200);
    expect(readdirSync(folder)).toEqual(['kalpana.sock']);
  });

  it('of two that start at once on a stale socket, exactly one gets it', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    await leaveStaleSocket(socketPath);
    const results = await Promise.allSettled([make({ socketPath }).start(), make({ socketPath }).start()]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await call(socketPath, { path: '/healthz' })).status).toBe(200);
  });

  it('never removes a file that is no socket', async () => {
    const socketPath = join(directory(), 'kalpana.sock');
    writeFileSync(socketPath, 'mine');
    await expect(make({ socketPath }).start()).rejects.toThrow(
      'is in the way and is no socket: remove it, or choose another --state-dir',
    );
    expect(statSync(socketPath).size).toBe(4);
  });

  it('names a path that is too long, and a directory that is missing', async () => {
    const folder = directory();
    await expect(make({ socketPath: join(folder, 'd'.repeat(100)) }).start()).rejects.toThrow(
      /has 1\d\d bytes and the system takes 107: choose a shorter --state-dir/,
    );
    await expect(make({ socketPath: join(folder, 'missing', 'kalpana.sock') }).start()).rejects.toThrow(
      'cannot listen on',
    );
  });
});

describe('approve', () => {
  async function openSocket() {
    const socketPath = join(directory(), 'kalpana.sock');
    const asked: (readonly string[] | null)[] = [];
    const onApprove = (names: readonly string[] | null) => {
      asked.push(names);
      return { approved: names ?? ['alice', 'bob'] };
    };
    await make({ socketPath, onApprove }).start();
    return { socketPath, asked };
  }

  it.each<[string, string | undefined, readonly string[] | null]>([
    ['names', '{"names":["bob"]}', ['bob']],
    ['null', '{"names":null}', null],
    ['no names', '{}', null],
    ['no body', undefined, null],
  ])('takes %s', async (_name, body, expected) => {
    const { socketPath, asked } = await openSocket();
    const answer = await call(socketPath, { method: 'POST', path: '/api/v1/approve', body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { approved: expected ?? ['alice', 'bob'] }]);
    expect(asked).toEqual([expected]);
  });

  it.each<[string, string, string, number]>([
    ['broken JSON', 'POST', '{"names":', 400],
    ['names that are none', 'POST', '{"names":[1]}', 400],
    ['a list', 'POST', '["alice"]', 400],
    ['too much', 'POST', `{"names":["${'a'.repeat(70_000)}"]}`, 413],
    ['another method', 'PUT', '{}', 405],
  ])('refuses %s', async (_name, method, body, status) => {
    const { socketPath, asked } = await openSocket();
    expect((await call(socketPath, { method, path: '/api/v1/approve', body })).status).toBe(status);
    expect(asked).toEqual([]);
  });
});

describe('stop', () => {
  it('ends within a second with idle, silent and waiting peers', async () => {
    const metrics = { contentType: 'text/plain', render: () => new Promise<string>(() => undefined) };
    const server = make({ listen: '127.0.0.1:0', metrics });
    const { address } = await server.start();
    const port = Number(address?.split(':')[1]);
    const sockets = [
      '',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /heal',
    ].map((text) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(text);
      socket.on('error', () => undefined);
      return socket;
    });
    const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    await call(address ?? '', { path: '/healthz' });
    const begin = performance.now();
    await server.stop();
    expect(performance.now() - begin).toBeLessThan(1_000);
    await closed;
    await expect(call(address ?? '')).rejects.toThrow('ECONNREFUSED');
  });
});
