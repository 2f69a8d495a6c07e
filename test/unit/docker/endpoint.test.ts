import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EndpointError, findEndpoint } from '../../../controller/docker/endpoint.js';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kalpana-home-'));
});
afterEach(() => rm(home, { recursive: true }));

type Files = Readonly<Record<string, string>>;

async function write(files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), content);
  }
}

const id = (context: string) => createHash('sha256').update(context).digest('hex');
const meta = (context: string, docker: object): Files => ({
  [`.docker/contexts/meta/${id(context)}/meta.json`]: JSON.stringify({ Name: context, Endpoints: { docker } }),
});
const tls = (dir: string): Files => ({
  [`${dir}/ca.pem`]: 'CA',
  [`${dir}/cert.pem`]: 'CERT',
  [`${dir}/key.pem`]: 'KEY',
});
const current = (currentContext: string): Files => ({ '.docker/config.json': JSON.stringify({ currentContext }) });
const plain = (hostname: string, port: number) => ({ kind: 'tcp', protocol: 'http', hostname, port, tls: null });
const DEFAULT = {
  kind: 'socket',
  host: 'unix:///var/run/docker.sock',
  origin: 'default socket',
  socketPath: '/var/run/docker.sock',
};

it.each<[string, Record<string, string>, Files, object]>([
  ['nothing set', {}, {}, DEFAULT],
  ['empty variables', { DOCKER_HOST: '', DOCKER_CONTEXT: '' }, {}, DEFAULT],
  ['a configuration without a context', {}, { '.docker/config.json': '{}' }, DEFAULT],
  ['the context default', { DOCKER_CONTEXT: 'default' }, current('far'), DEFAULT],
  [
    'a socket',
    { DOCKER_HOST: 'unix:///run/d.sock' },
    {},
    { kind: 'socket', host: 'unix:///run/d.sock', origin: 'DOCKER_HOST', socketPath: '/run/d.sock' },
  ],
  ['a socket without a path', { DOCKER_HOST: 'unix://' }, {}, { socketPath: '/var/run/docker.sock' }],
  ['tcp', { DOCKER_HOST: 'tcp://h:1234' }, {}, { host: 'tcp://h:1234', origin: 'DOCKER_HOST', ...plain('h', 1234) }],
  ['tcp without a port', { DOCKER_HOST: 'tcp://h' }, {}, plain('h', 2375)],
  ["tcp on HTTP's port", { DOCKER_HOST: 'tcp://h:80' }, {}, plain('h', 80)],
  ['no scheme', { DOCKER_HOST: 'h:1234' }, {}, plain('h', 1234)],
  ['IPv6', { DOCKER_HOST: 'tcp://[::1]:1234' }, {}, plain('::1', 1234)],
  ['http', { DOCKER_HOST: 'http://h:1234/' }, {}, plain('h', 1234)],
  ['https', { DOCKER_HOST: 'https://h' }, {}, { protocol: 'https', port: 2376, tls: null }],
  [
    'TLS',
    { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' },
    tls('.docker'),
    { protocol: 'https', port: 2376, tls: { ca: 'CA', cert: 'CERT', verify: true } },
  ],
  [
    'TLS without a client certificate',
    { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' },
    { '.docker/ca.pem': 'CA' },
    { tls: { ca: 'CA', cert: null, key: null } },
  ],
  [
    'DOCKER_HOST before any context',
    { DOCKER_HOST: 'unix:///a', DOCKER_CONTEXT: 'far' },
    current('far'),
    { socketPath: '/a' },
  ],
  [
    'the current context',
    {},
    { ...current('far'), ...meta('far', { Host: 'tcp://far:1' }) },
    { host: 'tcp://far:1', origin: 'context far', ...plain('far', 1) },
  ],
  [
    'DOCKER_CONTEXT before the current one',
    { DOCKER_CONTEXT: 'near' },
    { ...current('far'), ...meta('near', { Host: 'unix:///near' }) },
    { origin: 'context near', socketPath: '/near' },
  ],
  [
    'a context with TLS',
    { DOCKER_CONTEXT: 's' },
    { ...meta('s', { Host: 'tcp://s:9' }), ...tls(`.docker/contexts/tls/${id('s')}/docker`) },
    { protocol: 'https', tls: { ca: 'CA', cert: 'CERT', verify: true } },
  ],
  [
    'a context that trusts anyone',
    { DOCKER_CONTEXT: 's' },
    meta('s', { Host: 'tcp://s:9', SkipTLSVerify: true }),
    { protocol: 'https', tls: { ca: null, verify: false } },
  ],
])('%s', async (_name, env, files, expected) => {
  await write(files);
  expect(await findEndpoint(env, home)).toMatchObject(expected);
});

it('DOCKER_CONFIG and DOCKER_CERT_PATH move the files', async () => {
  await write({ ...tls('certs'), 'conf/config.json': '{"currentContext":"x"}' });
  const env = { DOCKER_CONFIG: join(home, 'conf') };
  await expect(findEndpoint(env, home)).rejects.toThrow(/there is no context "x"/);
  const host = { ...env, DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'certs') };
  expect(await findEndpoint(host, home)).toMatchObject({ tls: { ca: 'CA' } });
});

it('the private key is not printed', async () => {
  await write({ '.docker/ca.pem': 'CA', '.docker/cert.pem': 'CERT', '.docker/key.pem': 'PRIVATE' });
  const endpoint = await findEndpoint({ DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' }, home);
  expect(inspect(endpoint, { depth: null }) + JSON.stringify(endpoint)).not.toContain('PRIVATE');
});

it.each<[string, Record<string, string>, Files, RegExp]>([
  ['an unknown scheme', { DOCKER_HOST: 'ftp://h' }, {}, /^DOCKER_HOST: ftp:\/\/h: unknown scheme ftp:\/\/\. Use unix/],
  ['npipe', { DOCKER_HOST: 'npipe:////./pipe/docker_engine' }, {}, /unknown scheme npipe/],
  [
    'ssh',
    { DOCKER_HOST: 'ssh://me@h' },
    {},
    /^DOCKER_HOST: .*Forward the socket, ssh -nNT -L \/tmp\/docker\.sock:\/var\/run\/docker\.sock me@h/,
  ],
  ['no address', { DOCKER_HOST: 'tcp://' }, {}, /not an address/],
  ['a port out of range', { DOCKER_HOST: 'tcp://h:99999' }, {}, /not an address/],
  ['a path', { DOCKER_HOST: 'tcp://h/v1' }, {}, /not an address/],
  ['no authority', { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' }, {}, /there is no .*ca\.pem/],
  [
    'a certificate without its key',
    { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' },
    { '.docker/ca.pem': 'CA', '.docker/cert.pem': 'C' },
    /only one is there/,
  ],
  [
    'an unreadable certificate',
    { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' },
    { '.docker/ca.pem/x': '' },
    /ca\.pem cannot be read \(EISDIR\)\. Make it readable/,
  ],
  [
    'a missing context, by variable',
    { DOCKER_CONTEXT: 'far' },
    {},
    /^DOCKER_CONTEXT: there is no context "far" .*docker context ls/,
  ],
  ['a missing context, by configuration', {}, current('far'), /config\.json: there is no context "far"/],
  [
    'a configuration that is no JSON',
    {},
    { '.docker/config.json': '{' },
    /config\.json: the docker configuration: it is truncated or not JSON\. Mend the file/,
  ],
  ['a configuration that is unreadable', {}, { '.docker/config.json/x': '' }, /cannot be read \(EISDIR\)/],
  [
    'a context name that is no text',
    {},
    { '.docker/config.json': '{"currentContext":1}' },
    /currentContext is not a text/,
  ],
  [
    'a context that is no JSON',
    { DOCKER_CONTEXT: 'x' },
    { [`.docker/contexts/meta/${id('x')}/meta.json`]: 'oops' },
    /meta\.json: the context x: it is truncated or not JSON/,
  ],
  [
    'a context without an address',
    { DOCKER_CONTEXT: 'x' },
    meta('x', {}),
    /Endpoints\.docker\.Host is missing\. Make the context anew/,
  ],
  ['a context by ssh', { DOCKER_CONTEXT: 'x' }, meta('x', { Host: 'ssh://h' }), /^context x: ssh:\/\/h/],
])('refuses %s, naming what to mend', async (_name, env, files, words) => {
  await write(files);
  const failure = await findEndpoint(env, home).then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(EndpointError);
  expect((failure as Error).message).toMatch(words);
  expect((failure as Error).message).not.toMatch(/\n/);
});
