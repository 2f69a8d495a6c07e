import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../controller/cli/program.js';
import type { Actions } from '../../../controller/cli/actions.js';
import { captureIo, runNoting, withVariables } from './harness.js';

const planDefaults = {
  git: [],
  stateDir: '.kalpana',
  instance: 'default',
  secretsDir: null,
  ageIdentityFile: null,
  logLevel: 'info',
  allowPrune: false,
  output: 'text',
};
const runDefaults = {
  ...planDefaults,
  listen: '127.0.0.1:9464',
  resyncMs: 30_000,
  concurrency: 16,
  once: false,
  timeoutMs: 600_000,
  notify: null,
};
const planCommandDefaults = { ...planDefaults, against: null, format: 'text' };

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'kalpana-cli-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function configFile(value: unknown): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

describe('options', () => {
  it.each<[string, object]>([
    ['run --specs a', { run: { ...runDefaults, specs: ['a'] } }],
    ['run --specs a --specs b:c', { run: { ...runDefaults, specs: ['a', 'b:c'] } }],
    [
      'run --specs a --listen off --resync 0.5 --concurrency 2',
      { run: { ...runDefaults, specs: ['a'], listen: null, resyncMs: 500, concurrency: 2 } },
    ],
    [
      'run --specs a --listen [::1]:0 --log-level debug',
      { run: { ...runDefaults, specs: ['a'], listen: '[::1]:0', logLevel: 'debug' } },
    ],
    [
      'run --specs a --once --timeout 90s --allow-prune',
      { run: { ...runDefaults, specs: ['a'], once: true, timeoutMs: 90_000, allowPrune: true } },
    ],
    ['run --specs a --allow-prune=false', { run: { ...runDefaults, specs: ['a'] } }],
    [
      'run --specs a --instance lab --secrets-dir s --age-identity-file i --state-dir d',
      { run: { ...runDefaults, specs: ['a'], instance: 'lab', secretsDir: 's', ageIdentityFile: 'i', stateDir: 'd' } },
    ],
    ['plan --specs a', { plan: { ...planCommandDefaults, specs: ['a'] } }],
    ['-o json plan --specs a', { plan: { ...planCommandDefaults, specs: ['a'], output: 'json' } }],
    ['plan --specs a -o json', { plan: { ...planCommandDefaults, specs: ['a'], output: 'json' } }],
    ['validate a b', { validate: { paths: ['a', 'b'], format: 'text' } }],
    ['validate a --format github', { validate: { paths: ['a'], format: 'github' } }],
    ['validate a -o json', { validate: { paths: ['a'], format: 'json' } }],
    ['approve', { approve: { names: null, stateDir: '.kalpana', output: 'text' } }],
    ['approve alice bob --state-dir d', { approve: { names: ['alice', 'bob'], stateDir: 'd', output: 'text' } }],
    ['get workspaces -o json', { getWorkspaces: { stateDir: '.kalpana', output: 'json', wide: false } }],
    ['get workspaces -o wide', { getWorkspaces: { stateDir: '.kalpana', output: 'text', wide: true } }],
    ['get caches -o wide', { getCaches: { stateDir: '.kalpana', output: 'text' } }],
    ['get sources', { getSources: { stateDir: '.kalpana', output: 'text' } }],
    [
      'source suspend team --state-dir d',
      { source: { action: 'suspend', name: 'team', stateDir: 'd', output: 'text' } },
    ],
    ['get caches --state-dir d', { getCaches: { stateDir: 'd', output: 'text' } }],
    ['cache status', { cacheStatus: { cache: 'default', stateDir: '.kalpana', output: 'text' } }],
    ['cache status blue -o json', { cacheStatus: { cache: 'blue', stateDir: '.kalpana', output: 'json' } }],
    ['-o json cache status --state-dir d', { cacheStatus: { cache: 'default', stateDir: 'd', output: 'json' } }],
    ['cache clear blue', { cacheClear: { cache: 'blue', force: false, stateDir: '.kalpana', output: 'text' } }],
    [
      'cache clear blue --force --state-dir d',
      { cacheClear: { cache: 'blue', force: true, stateDir: 'd', output: 'text' } },
    ],
    ['gc', { gc: { cache: null, dryRun: false, stateDir: '.kalpana', output: 'text' } }],
    ['gc blue --dry-run --state-dir d -o json', { gc: { cache: 'blue', dryRun: true, stateDir: 'd', output: 'json' } }],
    ['describe cache blue', { describeCache: { name: 'blue', stateDir: '.kalpana', output: 'text' } }],
    ['describe workspace alice', { describeWorkspace: { name: 'alice', stateDir: '.kalpana', output: 'text' } }],
    ['new alice --image debian:13', { newWorkspace: { name: 'alice', image: 'debian:13', packages: [] } }],
    [
      'new alice --image debian:13 --packages git,nixpkgs#hello',
      { newWorkspace: { name: 'alice', image: 'debian:13', packages: ['git', 'nixpkgs#hello'] } },
    ],
  ])('%s', async (line, calls) => {
    expect(await runNoting(line.split(' '))).toEqual({ code: 0, out: '', err: '', calls });
  });

  it.each<[Record<string, string>, object]>([
    [{ KALPANA_SPECS: 'a:b' }, { specs: ['a', 'b'] }],
    [
      { KALPANA_SPECS: 'a', KALPANA_LISTEN: 'off', KALPANA_RESYNC: '5', KALPANA_CONCURRENCY: '3' },
      { listen: null, resyncMs: 5_000, concurrency: 3 },
    ],
    [
      { KALPANA_SPECS: 'a', KALPANA_ONCE: 'true', KALPANA_TIMEOUT: '1m', KALPANA_ALLOW_PRUNE: '1' },
      { once: true, timeoutMs: 60_000, allowPrune: true },
    ],
    [
      { KALPANA_SPECS: 'a', KALPANA_ONCE: 'false', KALPANA_ALLOW_PRUNE: '0' },
      { once: false, allowPrune: false },
    ],
    [
      { KALPANA_SPECS: 'a', KALPANA_OUTPUT: 'json', KALPANA_LOG_LEVEL: 'error' },
      { output: 'json', logLevel: 'error' },
    ],
    [
      { KALPANA_SPECS: 'a', KALPANA_STATE_DIR: 'd', KALPANA_INSTANCE: 'lab', KALPANA_SECRETS_DIR: 's' },
      { stateDir: 'd', instance: 'lab', secretsDir: 's' },
    ],
  ])('variables %j', async (variables, expected) => {
    const { calls, err } = await withVariables(variables, () => runNoting(['run']));
    expect([calls.run, err]).toEqual([expect.objectContaining(expected), '']);
  });

  it('takes a flag over a variable, and that over the config file', async () => {
    const config = configFile({
      specs: ['a', 'b'],
      instance: 'file',
      resync: 1,
      stateDir: 'file',
      listen: 'off',
      once: true,
    });
    const { calls } = await withVariables({ KALPANA_INSTANCE: 'variable', KALPANA_RESYNC: '2' }, () =>
      runNoting(['run', '--config', config, '--resync', '3']),
    );
    expect(calls.run).toEqual({
      ...runDefaults,
      specs: ['a', 'b'],
      instance: 'variable',
      resyncMs: 3_000,
      stateDir: 'file',
      listen: null,
      once: true,
    });
  });

  it('one config file serves plan too, which passes over what is not its own', async () => {
    const { calls, code } = await withVariables({ KALPANA_CONFIG: configFile({ specs: 'a', resync: 1 }) }, () =>
      runNoting(['plan']),
    );
    expect([code, calls.plan]).toEqual([0, { ...planCommandDefaults, specs: ['a'] }]);
  });
});

describe('mistakes: one line and code 1', () => {
  it.each([
    ['run', 'error: no specs: give --specs DIR or --git URL, or set KALPANA_SPECS or KALPANA_GIT'],
    ['plan', 'error: no specs: give --specs DIR or --git URL, or set KALPANA_SPECS or KALPANA_GIT'],
    ['run --specs=', "error: option '--specs <dir>' argument '' is invalid. It is empty."],
    [
      'run --specs a --listen 9464',
      "error: option '--listen <host:port>' argument '9464' is invalid. Write HOST:PORT such as 127.0.0.1:9464 or [::1]:9464, or 'off'.",
    ],
    [
      'run --specs a --resync soon',
      "error: option '--resync <seconds>' argument 'soon' is invalid. Write seconds between 0.1 and 86400.",
    ],
    [
      'run --specs a --concurrency 0',
      "error: option '--concurrency <n>' argument '0' is invalid. Write a whole number between 1 and 256.",
    ],
    [
      'run --specs a --timeout 10',
      "error: option '--timeout <duration>' argument '10' is invalid. Write a duration such as 90s, 10m or 1h.",
    ],
    [
      'run --specs a --once maybe',
      "error: option '--once [boolean]' argument 'maybe' is invalid. Write true or false.",
    ],
    [
      'run --specs a --instance My_Host',
      "error: option '--instance <name>' argument 'My_Host' is invalid. Use a DNS label: lower-case letters, digits and '-', at most 63 characters.",
    ],
    [
      'run --specs a --log-level loud',
      "error: option '--log-level <level>' argument 'loud' is invalid. Allowed choices are debug, info, warn, error.",
    ],
    [
      'plan --specs a -o yaml',
      "error: option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are text, json, wide.",
    ],
    ['validate', "error: missing required argument 'path'"],
    [
      'get pods',
      "error: command-argument value 'pods' is invalid for argument 'resource'. Allowed choices are workspaces, caches, sources.",
    ],
    [
      'describe volume a',
      "error: command-argument value 'volume' is invalid for argument 'resource'. Allowed choices are workspace, cache.",
    ],
    ['gc --dry', "error: unknown option '--dry'"],
    ['gc a b', "error: too many arguments for 'gc'. Expected 1 argument but got 2."],
    ['cache clear', "error: missing required argument 'cache'"],
    ['cache empty', "error: unknown command 'empty'"],
    [
      'new Alice --image a',
      "error: command-argument value 'Alice' is invalid for argument 'name'. Use a DNS label: lower-case letters, digits and '-', at most 63 characters.",
    ],
    ['new alice', "error: required option '--image <image>' not specified"],
    [
      'new alice --image -a',
      "error: option '--image <image>' argument '-a' is invalid. Write an image reference: name, name:tag or name@digest.",
    ],
    [
      'new alice --image a --packages git,',
      'error: option \'--packages <list>\' argument \'git,\' is invalid. "" is not a package: use an attribute of nixpkgs such as "python3Packages.requests", a flake reference such as "github:owner/repository#attribute", or a store path.',
    ],
    [
      'new alice --image a --packages git,git',
      "error: option '--packages <list>' argument 'git,git' is invalid. \"git\" stands twice: remove one of them.",
    ],
    [
      'run --config nowhere.json',
      "error: cannot read the config file nowhere.json: ENOENT: no such file or directory, open 'nowhere.json'",
    ],
  ])('%s', async (line, message) => {
    expect(await runNoting(line.split(' '))).toEqual({ code: 1, out: '', err: `${message}\n`, calls: {} });
  });

  it('says which variable is wrong', async () => {
    const { code, err } = await withVariables({ KALPANA_ALLOW_PRUNE: 'yes' }, () => runNoting(['run', '--specs', 'a']));
    expect([code, err]).toEqual([
      1,
      "error: option '--allow-prune [boolean]' value 'yes' from env 'KALPANA_ALLOW_PRUNE' is invalid. Write true or false.\n",
    ]);
  });

  it('suggests the nearest word', async () => {
    expect((await runNoting(['run', '--spec', 'a'])).err).toBe(
      "error: unknown option '--spec'\n(Did you mean --specs?)\n",
    );
    expect((await runNoting(['rnu'])).err).toBe("error: unknown command 'rnu'\n(Did you mean run?)\n");
  });

  it.each<[unknown, string]>([
    [{ spec: 'a' }, "unknown option 'spec'"],
    [{ config: 'b.json' }, "unknown option 'config'"],
    ['{"__proto__": {}}', "unknown option '__proto__'"],
    [{ specs: 'a', resync: 'soon' }, "the value of 'resync' is invalid. Write seconds between 0.1 and 86400."],
    [
      { specs: 'a', logLevel: 'loud' },
      "the value of 'logLevel' is invalid. Allowed choices are debug, info, warn, error.",
    ],
    [{ specs: 'a', once: null }, "the value of 'once' has the wrong type"],
    [{ specs: ['a', {}] }, "the value of 'specs' has the wrong type"],
    [{ specs: 'a', stateDir: ['b'] }, "the value of 'stateDir' has the wrong type"],
    [['a'], 'write one JSON object of options'],
  ])('config file %j', async (value, message) => {
    const path = configFile(value);
    expect(await runNoting(['run', '--config', path])).toEqual({
      code: 1,
      out: '',
      err: `error: ${path}: ${message}\n`,
      calls: {},
    });
  });

  it('a config file that is no JSON', async () => {
    const { code, err } = await runNoting(['run', '--config', configFile('{\n"specs":\n')]);
    expect([code, err.split('\n').length]).toEqual([1, 2]);
    expect(err).toMatch(/^error: cannot read the config file .*config\.json: /);
  });
});

describe('runCli', () => {
  it.each([0, 1, 2])("gives the action's code %d", async (code) => {
    expect((await runNoting(['plan', '--specs', 'a'], code)).code).toBe(code);
  });

  it('prints what an action throws as one line, with code 1', async () => {
    const { io, written } = captureIo();
    const plan = () => Promise.reject(new Error('cannot read a\n  b'));
    const code = await runCli(['plan', '--specs', 'a'], {
      actions: { plan } as unknown as Actions,
      io,
      version: '1.2.3',
    });
    expect([code, written]).toEqual([1, { out: '', err: 'error: cannot read a b\n' }]);
  });

  it.each([
    'run',
    'plan',
    'validate',
    'approve',
    'get',
    'describe',
    'cache',
    'cache status',
    'cache clear',
    'gc',
    'new',
  ])('%s --help goes to stdout, with the global options', async (name) => {
    const { code, out, err } = await runNoting([...name.split(' '), '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: kalpana ${name} \\[options\\]`));
    expect(out).toContain('--output <format>');
  });

  it('has a help, a version, and help as an error without a command', async () => {
    expect(await runNoting(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
    expect((await runNoting(['--help'])).code).toBe(0);
    expect(await runNoting([])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Usage: kalpana') });
  });
});
