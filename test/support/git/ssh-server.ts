import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';

export interface GitSshServer {
  /** Of a repository's absolute path. */
  url(path: string): string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Of another server. */
  readonly wrongKnownHostsFile: string;
  readonly strangersKeyFile: string;
  stop(): Promise<void>;
}

/** A private sshd on loopback that lets one key in, for git alone. */
export async function serveGitOverSsh(root: string): Promise<GitSshServer> {
  // The client's files are where a person might put them.
  const at = (name: string) =>
    join(root, name.startsWith('host') || name === 'config' || name === 'authorized' ? 'sshd' : 'my keys %h', name);
  for (const name of ['host', 'client']) mkdirSync(dirname(at(name)), { recursive: true });
  for (const name of ['host', 'other-host', 'client', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  const port = await freePort();
  writeFileSync(
    at('authorized'),
    `restrict,command="exec git shell -c \\"$SSH_ORIGINAL_COMMAND\\"" ${readFileSync(at('client.pub'), 'utf8')}`,
  );
  const known = (key: string) => `[127.0.0.1]:${port} ${readFileSync(at(`${key}.pub`), 'utf8')}`;
  writeFileSync(at('known'), known('host'));
  writeFileSync(at('wrong'), known('other-host'));
  writeFileSync(
    at('config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized')}`,
      'UsePAM no',
      'StrictModes no',
      'PidFile none',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'LogLevel ERROR',
      '',
    ].join('\n'),
  );
  // Without its directory for the separation of privileges root's sshd does not start.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  sshd.stderr.on('data', (chunk: Buffer) => void (words += chunk.toString()));
  const ended = new Promise<void>((resolve) => sshd.on('close', () => resolve()));
  await untilListening(port, () => (sshd.exitCode === null ? null : words));
  return {
    url: (path) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    keyFile: at('client'),
    knownHostsFile: at('known'),
    wrongKnownHostsFile: at('wrong'),
    strangersKeyFile: at('stranger'),
    async stop() {
      sshd.kill();
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function untilListening(port: number, failure: () => string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const words = failure();
      if (words !== null) return reject(new Error(`sshd ended: ${words}`));
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => (socket.destroy(), resolve()));
      socket.on('error', () => setTimeout(attempt, 20));
    };
    attempt();
  });
}
