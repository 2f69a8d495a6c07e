import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createAgeKey, sealText, type AgeKey } from '../support/git/age-keys.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { createRepository, type TestRepository } from '../support/git/repository.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, workspace } from '../support/e2e/kalpana-specs.js';

// In each run test/contract/git/git-secrets opens secrets of real repositories, recreation replaces a container for a
// secret that changed, and git-deploy has a refused commit.

const site = createSite('gitsecrets', testEngineHost(), NO_CACHE);
const VALUES = ['age-value-one-7f31', 'age-value-two-c2d9', 'age-value-three-11ab'] as const;
const spec = (name: string) =>
  JSON.stringify(
    workspace(name, { ...NO_CACHE, env: [{ name: 'TOKEN', valueFrom: { ageFile: 'secrets/token.age' } }] }),
    null,
    2,
  );
let key: AgeKey;
let repository: TestRepository;
let kalpana: Kalpana;

const identity = () => join(site.secrets, 'identity');
const gitFlags = () => [
  '--git',
  repository.url,
  '--git-ref',
  'main',
  '--git-path',
  'specs',
  '--git-name',
  'team',
  '--git-age-identity-file',
  identity(),
];
const tokenOf = async (name: string) =>
  (await site.docker.container(`workspace-${name}`)).Config.Env?.find((entry) => entry.startsWith('TOKEN='));

/** All that the controller has written, for a search; git packs hold what was committed, encrypted. */
function stateText(): string {
  const files = readdirSync(site.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n');
}

beforeAll(async () => {
  key = await createAgeKey();
  site.secret('identity', key.file);
  mkdirSync(join(site.dir, 'repos'));
  repository = createRepository(join(site.dir, 'repos/specs.git'));
  repository.commit({
    'specs/gs-a.json': spec('gs-a'),
    'specs/secrets/token.age': await sealText(VALUES[0], key.recipient),
  });
  kalpana = site.start({ flags: gitFlags() });
  await kalpana.ready('gs-a');
});

describe('a secret that is committed beside its spec, encrypted', () => {
  it('is in the workspace', async () => {
    expect(await tokenOf('gs-a')).toBe(`TOKEN=${VALUES[0]}`);
    expect((await site.docker.sh('workspace-gs-a', 'echo "$TOKEN"')).text).toBe(VALUES[0]);
  });

  it('changes with a commit: the container is replaced', async () => {
    const revision = repository.commit({ 'specs/secrets/token.age': await sealText(VALUES[1], key.recipient) });
    await kalpana.log({ msg: 'commit rolled out', revision });
    expect(await tokenOf('gs-a')).toBe(`TOKEN=${VALUES[1]}`);
  });

  it('leaves the container alone when it is encrypted anew', async () => {
    const before = (await site.docker.container('workspace-gs-a')).Id;
    const revision = repository.commit({ 'specs/secrets/token.age': await sealText(VALUES[1], key.recipient) });
    await kalpana.log({ msg: 'commit rolled out', revision });
    expect((await site.docker.container('workspace-gs-a')).Id).toBe(before);
  });

  it('that is for another key leaves the workspace running, and is told of', async () => {
    const before = (await site.docker.container('workspace-gs-a')).Id;
    const revision = repository.commit({
      'specs/secrets/token.age': await sealText(VALUES[2], (await createAgeKey()).recipient),
    });
    await kalpana.log({ msg: 'commit not rolled out', revision });
    await eventually(
      async () =>
        expect(await kalpana.condition('gs-a', 'SpecValid')).toMatchObject({
          status: 'False',
          message: expect.stringContaining(`encrypt it for ${key.recipient}`),
        }),
      { withinMs: 20_000 },
    );
    expect(await site.docker.container('workspace-gs-a')).toMatchObject({ Id: before, State: { Status: 'running' } });
    const mended = repository.commit({ 'specs/secrets/token.age': await sealText(VALUES[2], key.recipient) });
    await kalpana.log({ msg: 'commit rolled out', revision: mended });
    expect(await tokenOf('gs-a')).toBe(`TOKEN=${VALUES[2]}`);
  });

  it('in clear keeps the commit from being applied', async () => {
    const revision = repository.commit({ 'specs/secrets/token.age': 'in clear' });
    await kalpana.log({ msg: 'commit not applied', revision });
    repository.commit({ 'specs/secrets/token.age': await sealText(VALUES[2], key.recipient) });
  });

  it('is the same after a restart, and a plan has nothing to do', async () => {
    const before = (await site.docker.container('workspace-gs-a')).Id;
    expect(await kalpana.stop()).toMatchObject({ code: 0 });
    const plan = await site.plan(...gitFlags());
    expect({ code: plan.code, out: plan.out, err: plan.err }).toMatchObject({ code: 0 });
    kalpana = site.start({ flags: gitFlags() });
    await kalpana.ready('gs-a');
    expect((await site.docker.container('workspace-gs-a')).Id).toBe(before);
  });

  it('is in no label, log, answer and file of the controller, and neither is the key', async () => {
    const { Labels } = (await site.docker.container('workspace-gs-a')).Config;
    const answers = await Promise.all(['/api/v1/workspaces', '/api/v1/events'].map((path) => kalpana.ask(path)));
    const told = [JSON.stringify(Labels), JSON.stringify(kalpana.logs()), JSON.stringify(answers), stateText()].join(
      '\n',
    );
    for (const value of [...VALUES, 'AGE-SECRET-KEY-']) expect(told).not.toContain(value);
  });
});

describe('a secret that is encrypted beside a spec of a directory', () => {
  it('is in the workspace, and changes with its file', async () => {
    const own = createSiteDirectory();
    writeFileSync(join(own, 'token.age'), await sealText(VALUES[0], key.recipient));
    site.put('gs-dir', { env: [{ name: 'TOKEN', valueFrom: { ageFile: 'secrets/token.age' } }] });
    expect(await kalpana.stop()).toMatchObject({ code: 0 });
    kalpana = site.start({ flags: [...gitFlags(), '--age-identity-file', identity()] });
    await kalpana.ready('gs-dir');
    expect(await tokenOf('gs-dir')).toBe(`TOKEN=${VALUES[0]}`);
    writeFileSync(join(own, 'token.age'), await sealText(VALUES[1], key.recipient));
    await eventually(async () => expect(await tokenOf('gs-dir')).toBe(`TOKEN=${VALUES[1]}`), { withinMs: 20_000 });
  });
});

function createSiteDirectory(): string {
  const directory = join(site.specs, 'secrets');
  mkdirSync(directory);
  return directory;
}
