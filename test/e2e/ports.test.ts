import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE } from '../support/e2e/kalpana-specs.js';

const site = createSite('ports', testEngineHost(), NO_CACHE);
const { docker } = site;
const HTTP = [
  'sh',
  '-c',
  'mkdir -p /tmp/www && echo "hello from $HOSTNAME" > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www',
];
let kalpana: Kalpana;

beforeAll(() => {
  kalpana = site.start();
});

/** The host port of the container's 8080. */
async function hostPort(name: string): Promise<number> {
  return Number((await docker.container(`workspace-${name}`)).HostConfig.PortBindings['8080/tcp']?.[0]?.HostPort);
}

async function get(port: number): Promise<string> {
  return eventually(
    async () => (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) })).text(),
    { withinMs: 20_000 },
  );
}

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const PORT = { containerPort: 8080, hostIP: '127.0.0.1' };

describe('a port that the controller chooses', () => {
  const name = 'ports-auto';

  it('answers, and the status tells it', async () => {
    site.put(name, { command: HTTP, ports: [PORT] });
    await kalpana.ready(name);
    const port = await hostPort(name);
    expect(await get(port)).toBe(`hello from ${name}\n`);
    expect((await kalpana.status(name)).container?.ports).toEqual([
      { containerPort: 8080, protocol: 'tcp', hostIP: '127.0.0.1', hostPort: port },
    ]);
  });

  it('stays the same over a recreation, a removal by hand, and a controller that forgot everything', async () => {
    const port = await hostPort(name);
    site.put(name, { command: HTTP, ports: [PORT], env: [{ name: 'CHANGED', value: 'yes' }] });
    await eventually(
      async () => expect((await docker.container(`workspace-${name}`)).Config.Env).toContain('CHANGED=yes'),
      { withinMs: 20_000 },
    );
    await kalpana.ready(name);
    expect(await hostPort(name)).toBe(port);
    expect(await get(port)).toBe(`hello from ${name}\n`);
    await docker.remove(`workspace-${name}`);
    await eventually(async () => expect((await docker.container(`workspace-${name}`)).State.Status).toBe('running'), {
      withinMs: 20_000,
    });
    expect(await hostPort(name)).toBe(port);
    await kalpana.stop();
    await docker.remove(`workspace-${name}`);
    rmSync(site.state, { recursive: true });
    kalpana = site.start();
    await kalpana.ready(name);
    expect(await hostPort(name)).toBe(port);
    expect(await get(port)).toBe(`hello from ${name}\n`);
  });
});

describe('a fixed port', () => {
  it('answers; a second workspace that asks for it waits, with the first one named, and gets it when it is freed', async () => {
    const port = await freePort();
    const [first, second] = ['ports-first', 'ports-second'];
    site.put(first, { command: HTTP, ports: [{ ...PORT, hostPort: port }] });
    await kalpana.ready(first);
    expect(await get(port)).toBe(`hello from ${first}\n`);
    site.put(second, { command: HTTP, ports: [{ ...PORT, hostPort: port }] });
    await kalpana.until(second, {
      phase: 'Waiting',
      reason: 'PortConflict',
      message: expect.stringContaining(`127.0.0.1:${port}/tcp is held by workspace ${first}`),
    });
    await kalpana.ready(first);
    site.drop(`${first}.json`);
    await kalpana.ready(second);
    expect(await get(port)).toBe(`hello from ${second}\n`);
    // And back, by a spec that gives the port up.
    site.put(first, { command: HTTP, ports: [{ ...PORT, hostPort: port }] });
    await kalpana.until(first, { phase: 'Waiting', reason: 'PortConflict' });
    site.put(second);
    await kalpana.ready(first, second);
    expect(await get(port)).toBe(`hello from ${first}\n`);
  });

  inLongRuns('the one above; unit plan/ports; simulation laws: law 6', () =>
    it('held by a foreign container: the conflict names it', async () => {
      const port = await freePort();
      const foreign = await docker.create('ports-foreign', {
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
      });
      site.owns(foreign);
      await docker.start(foreign);
      const name = site.put('ports-third', { ports: [{ ...PORT, hostPort: port }] });
      await kalpana.until(name, {
        phase: 'Waiting',
        reason: 'PortConflict',
        message: expect.stringMatching(/ports-foreign/),
      });
      await docker.remove(foreign);
      await kalpana.ready(name);
    }),
  );

  it('held by a process of the host: the conflict names it, and the workspace goes on once it ends', async () => {
    const port = await freePort();
    const holder = spawn(
      process.execPath,
      ['-e', `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      const name = site.put('ports-busy', { command: HTTP, ports: [{ ...PORT, hostPort: port }] });
      await kalpana.until(name, {
        phase: 'Waiting',
        reason: 'PortConflict',
        message: expect.stringMatching(
          new RegExp(`127\\.0\\.0\\.1:${port}.* process ${holder.pid} \\((node|MainThread)\\)`),
        ),
      });
      holder.kill('SIGKILL');
      await kalpana.ready(name);
      expect(await get(port)).toBe(`hello from ${name}\n`);
    } finally {
      holder.kill('SIGKILL');
    }
  });
});
