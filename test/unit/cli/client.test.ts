import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createClientActions } from '../../../controller/cli/client/client-actions.js';
import type { Actions } from '../../../controller/cli/actions.js';
import { controlSocketPath } from '../../../controller/cli/client/control-client.js';
import { runCli } from '../../../controller/cli/program.js';
import { createHarness } from '../server/harness.js';
import { sampleCacheReport } from '../status/samples.js';
import { captureIo } from './harness.js';

const { store, make, directory, cleanUp } = createHarness();
store.reportCache(sampleCacheReport());
afterEach(cleanUp);

/** Runs a command line with the client's own actions. */
async function kalpana(...args: string[]) {
  const { io, written } = captureIo();
  const code = await runCli(args, { actions: createClientActions(io) as Actions, io, version: '1.2.3' });
  return { code, ...written };
}

async function startController(): Promise<string> {
  const stateDir = directory();
  const held = ['bob', 'carol'];
  const onApprove = (names: readonly string[] | null) => ({
    approved: held.filter((name) => names === null || names.includes(name)),
  });
  const onClear = (cache: string, force: boolean) =>
    Promise.resolve(
      force
        ? { ok: true as const, message: `The cache ${cache} is empty.` }
        : { ok: false as const, error: 'alice runs on it: stop it, or use --force' },
    );
  await make({ socketPath: controlSocketPath(stateDir), onApprove, onClear }).start();
  return stateDir;
}

describe('commands that ask a running controller', () => {
  it('get workspaces', async () => {
    const stateDir = await startController();
    const { code, out } = await kalpana('get', 'workspaces', '--state-dir', stateDir);
    expect([code, out.split('\n')[1]]).toEqual([0, 'alice  Ready  True   debian:13  127.0.0.1:20123->8080/tcp  5m']);
    const json = await kalpana('get', 'workspaces', '--state-dir', stateDir, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ items: [{ name: 'alice', phase: 'Ready' }] });
  });

  it('describe workspace', async () => {
    const stateDir = await startController();
    const { code, out } = await kalpana('describe', 'workspace', 'alice', '--state-dir', stateDir);
    expect([code, out]).toEqual([0, expect.stringContaining('Pending -> Ready')]);
    const json = await kalpana('describe', 'workspace', 'alice', '--state-dir', stateDir, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ name: 'alice', events: [{ reason: 'Ready' }] });
    expect(await kalpana('describe', 'workspace', 'no/body', '--state-dir', stateDir)).toMatchObject({
      code: 1,
      out: '',
    });
    expect((await kalpana('describe', 'workspace', 'nobody', '--state-dir', stateDir)).err).toBe(
      "error: there is no workspace 'nobody'\n",
    );
  });

  it('approve', async () => {
    const stateDir = await startController();
    expect(await kalpana('approve', '--state-dir', stateDir)).toEqual({
      code: 0,
      out: 'Removal approved: bob, carol\n',
      err: '',
    });
    expect(await kalpana('approve', 'bob', 'dora', '--state-dir', stateDir)).toEqual({
      code: 1,
      out: 'Removal approved: bob\n',
      err: 'error: not held: dora\n',
    });
    const json = await kalpana('approve', 'dora', '--state-dir', stateDir, '-o', 'json');
    expect([json.code, JSON.parse(json.out)]).toEqual([1, { approved: [], refused: ['dora'] }]);
  });

  it('get caches', async () => {
    const stateDir = await startController();
    const { code, out } = await kalpana('get', 'caches', '--state-dir', stateDir);
    expect([code, out.split('\n')[1]]).toEqual([0, expect.stringMatching(/^default +Ready +True /)]);
    const json = await kalpana('get', 'caches', '--state-dir', stateDir, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ items: [{ name: 'default', storeBytes: 1_610_612_736 }] });
  });

  it('cache status', async () => {
    const stateDir = await startController();
    const { code, out } = await kalpana('cache', 'status', '--state-dir', stateDir);
    expect([code, out]).toEqual([0, expect.stringMatching(/^Name: +default\n[^]*Pending -> Ready\n$/)]);
    const json = await kalpana('cache', 'status', 'default', '--state-dir', stateDir, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({
      name: 'default',
      hitRate: 0.97,
      events: [{ cache: 'default', reason: 'Ready' }],
    });
    expect(await kalpana('cache', 'status', 'no/thing', '--state-dir', stateDir)).toMatchObject({ code: 1, out: '' });
    expect(await kalpana('cache', 'status', 'blue', '--state-dir', stateDir)).toEqual({
      code: 1,
      out: '',
      err: "error: there is no cache 'blue'\n",
    });
  });

  it('cache clear', async () => {
    const stateDir = await startController();
    expect(await kalpana('cache', 'clear', 'default', '--state-dir', stateDir)).toEqual({
      code: 1,
      out: '',
      err: 'error: alice runs on it: stop it, or use --force\n',
    });
    expect(await kalpana('cache', 'clear', 'default', '--force', '--state-dir', stateDir)).toEqual({
      code: 0,
      out: 'The cache default is empty.\n',
      err: '',
    });
    const json = await kalpana('cache', 'clear', 'default', '--force', '--state-dir', stateDir, '-o', 'json');
    expect([json.code, JSON.parse(json.out)]).toEqual([
      0,
      { cache: 'default', message: 'The cache default is empty.' },
    ]);
    expect(await kalpana('cache', 'clear', 'blue', '--force', '--state-dir', stateDir)).toEqual({
      code: 1,
      out: '',
      err: "error: there is no cache 'blue'\n",
    });
  });

  it('waits long for a clear, and for nothing else', async () => {
    const stateDir = await startController();
    const deadlines = jest.spyOn(AbortSignal, 'timeout');
    await kalpana('get', 'caches', '--state-dir', stateDir);
    await kalpana('cache', 'clear', 'default', '--state-dir', stateDir);
    expect(deadlines.mock.calls).toEqual([[10_000], [900_000]]);
    deadlines.mockRestore();
  });

  it('says so when no controller answers', async () => {
    const stateDir = directory();
    const expected = {
      code: 1,
      out: '',
      err: `error: no controller answers at ${join(stateDir, 'kalpana.sock')}: start one with kalpana run, or name its --state-dir\n`,
    };
    expect(await kalpana('get', 'workspaces', '--state-dir', stateDir)).toEqual(expected);
    writeFileSync(controlSocketPath(stateDir), '');
    expect(await kalpana('approve', '--state-dir', stateDir)).toEqual(expected);
  });

  it.each<[string, string | null, RegExp]>([
    ['something else than JSON', '<html>', /answered with something else than JSON\n$/],
    ['nothing', null, /did not answer: socket hang up\n$/],
  ])('says so when it answers with %s', async (_name, body, message) => {
    const stateDir = directory();
    const server = createServer((_request, response) => void (body === null ? response.destroy() : response.end(body)));
    await new Promise<void>((resolve) => void server.listen(controlSocketPath(stateDir), resolve));
    const { code, err } = await kalpana('get', 'workspaces', '--state-dir', stateDir);
    server.close();
    expect([code, err]).toEqual([1, expect.stringMatching(message)]);
  });
});

describe('new', () => {
  it('prints a spec that the schema takes', async () => {
    const schema = JSON.parse(readFileSync('crds-like-schemas/workspace.schema.json', 'utf8')) as object;
    const { code, out } = await kalpana('new', 'alice', '--image', 'registry:5000/team/image@sha256:00');
    const validate = new Ajv({ strict: false }).compile(schema);
    expect([code, validate(JSON.parse(out)), validate.errors]).toEqual([0, true, null]);
  });

  it('prints the packages', async () => {
    const { code, out } = await kalpana('new', 'alice', '--image', 'debian:13', '--packages', 'nodejs_20,github:a/b#c');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ spec: { image: 'debian:13', packages: ['nodejs_20', 'github:a/b#c'] } }),
    ]);
  });
});
