import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { askHelper } from '../../../controller/docker/credential-helper.js';
import { DOCKER_HUB, imageName } from '../../../controller/docker/image-name.js';
import { registryAuth } from '../../../controller/docker/registry-auth.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kalpana-auth-'));
});
afterEach(() => rm(dir, { recursive: true }));

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const configure = (config: unknown) =>
  writeFile(join(dir, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));

async function helper(script: string): Promise<string> {
  const file = join(dir, 'docker-credential-fake');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

async function credentials(registry: string): Promise<unknown> {
  const header = await registryAuth(dir, registry);
  return header === null ? null : JSON.parse(Buffer.from(header.reveal(), 'base64').toString());
}

it.each([
  ['no entry', { auths: {} }, 'r.example', null],
  [
    'an entry',
    { auths: { 'r.example': auth('me:pa:ss') } },
    'r.example',
    { username: 'me', password: 'pa:ss', serveraddress: 'r.example' },
  ],
  [
    'an entry written as an address',
    { auths: { 'https://r.example/v1/': auth('me:x') } },
    'r.example',
    { username: 'me', password: 'x', serveraddress: 'r.example' },
  ],
  [
    'Docker Hub',
    { auths: { [DOCKER_HUB]: auth('me:x') } },
    DOCKER_HUB,
    { username: 'me', password: 'x', serveraddress: DOCKER_HUB },
  ],
  [
    'an identity token',
    { auths: { 'r.example': { identitytoken: 't' } } },
    'r.example',
    { identitytoken: 't', serveraddress: 'r.example' },
  ],
  ['an entry that a helper has emptied', { auths: { 'r.example': {} } }, 'r.example', null],
])('%s', async (_name, config, registry, expected) => {
  await configure(config);
  expect(await credentials(registry)).toEqual(expected);
});

it('no file, no credentials', async () => {
  expect(await registryAuth(join(dir, 'none'), 'r.example')).toBeNull();
});

it.each([
  [
    'credentials',
    'read server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"',
    { username: 'r.example', password: 's' },
  ],
  ['a token', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"s\\"}"', { identitytoken: 's' }],
  ['nothing', 'echo "credentials not found in native keychain"; exit 1', null],
])('a helper that gives %s', async (_name, script, expected) => {
  expect(await askHelper(await helper(script), 'r.example')).toEqual(expected);
});

it.each([
  ['fails', 'echo secret-text; exit 3', /docker-credential-fake failed \(3\)$/],
  ['says something else', 'echo secret-text', /^its answer is truncated or not JSON$/],
])('a helper that %s is told of, without its output', async (_name, script, words) => {
  await expect(askHelper(await helper(script), 'r.example')).rejects.toThrow(words);
});

it.each<[string, unknown, RegExp]>([
  ['broken JSON', '{', /it is truncated or not JSON/],
  ['auths that are no object', { auths: [] }, /auths is not an object/],
  [
    'a helper that is not there',
    { credHelpers: { 'r.example': 'absent' } },
    /docker-credential-absent failed \(ENOENT\)/,
  ],
])('%s is a failed pull that names the file', async (_name, config, words) => {
  await configure(config);
  const failure = await registryAuth(dir, 'r.example').then(
    () => null,
    (error: unknown) => error as Error,
  );
  expect(failure).toMatchObject({ kind: 'pull-failed', verb: 'pullImage' });
  expect(failure!.message).toMatch(words);
  expect(failure!.message).toContain(join(dir, 'config.json'));
});

it.each([
  ['x', DOCKER_HUB],
  ['library/x:1', DOCKER_HUB],
  ['docker.io/library/x', DOCKER_HUB],
  ['r.example/x', 'r.example'],
  ['localhost/x', 'localhost'],
  ['host:5000/x@sha256:abc', 'host:5000'],
])('the registry of %s is %s', (reference, registry) => {
  expect(imageName(reference).registry).toBe(registry);
});
