import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { createEngineClient, type Call } from '../../../controller/docker/engine-client.js';
import type { Transport } from '../../../controller/docker/transport.js';
import { createManualClock } from '../../support/manual-clock.js';

const LIST: Call = { verb: 'listContainers', method: 'GET', path: '/containers/json', deadlineMs: 1_000 };
const VERSION = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };
const MISMATCH = { message: 'client version 1.41 is too old. Minimum supported API version is 1.44' };

function answer(statusCode: number, body: unknown): IncomingMessage {
  const stream = Readable.from([Buffer.from(JSON.stringify(body))]);
  return Object.assign(stream, { statusCode, headers: { 'content-type': 'application/json' } }) as never;
}

/** A client whose engine gives these answers, one for each request that is not for its version. */
function open(answers: [status: number, body: unknown][], version: [number, unknown] = [200, VERSION]) {
  const paths: string[] = [];
  const measures: string[] = [];
  const transport: Transport = {
    send({ path }) {
      paths.push(path);
      return Promise.resolve(answer(...(path === '/version' ? version : (answers.shift() ?? [500, {}]))));
    },
    close: () => undefined,
  };
  const onRequest = ({ verb, code }: { verb: string; code: string }) => void measures.push(`${verb} ${code}`);
  const client = createEngineClient('unix:///engine', transport, { clock: createManualClock(), onRequest });
  return { client, paths, measures };
}

it('asks for the version once, and measures each request once', async () => {
  const { client, paths, measures } = open([
    [200, []],
    [200, []],
  ]);
  await client.json(LIST, (value) => value);
  await client.effect(LIST);
  expect(paths).toEqual(['/version', '/v1.41/containers/json', '/v1.41/containers/json']);
  expect(measures).toEqual(['version 200', 'listContainers 200', 'listContainers 200']);
});

it('asks for the version anew, and repeats the request, when another engine has taken the place', async () => {
  const { client, paths } = open([
    [400, MISMATCH],
    [200, ['one']],
  ]);
  expect(await client.json(LIST, (value) => value)).toEqual(['one']);
  expect(paths.filter((path) => path === '/version').length).toBe(2);
});

it('sends a stream only once', async () => {
  const { client, paths } = open([[400, MISMATCH]]);
  const call: Call = { ...LIST, method: 'PUT', archive: Readable.from([]) };
  await expect(client.effect(call)).rejects.toMatchObject({ kind: 'rejected', status: 400 });
  expect(paths.length).toBe(2);
});

it('takes 304 for success only where it means "so already"', async () => {
  const { client } = open([
    [304, ''],
    [304, ''],
  ]);
  await expect(client.effect({ ...LIST, unchangedIsSuccess: true })).resolves.toBeUndefined();
  await expect(client.effect(LIST)).rejects.toMatchObject({ kind: 'malformed', status: 304 });
});

it('does not let an unknown /version pass for the absence of something', async () => {
  const { client } = open([], [404, { message: 'no such page' }]);
  await expect(client.effect(LIST)).rejects.toMatchObject({ kind: 'malformed', verb: 'listContainers', status: 404 });
});

it.each(['/volumes/', '/containers/../json', '/containers//json'])('refuses the path %s unsent', async (path) => {
  const { client, paths } = open([]);
  await expect(client.effect({ ...LIST, path })).rejects.toMatchObject({ kind: 'rejected', status: null });
  expect(paths).toEqual([]);
});
