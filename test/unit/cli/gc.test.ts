import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Actions } from '../../../controller/cli/actions.js';
import { createClientActions } from '../../../controller/cli/client/client-actions.js';
import { controlSocketPath } from '../../../controller/cli/client/control-client.js';
import { streamFromController } from '../../../controller/cli/client/control-stream.js';
import { runCli } from '../../../controller/cli/program.js';
import type { GcNews } from '../../../controller/model/gc-status.js';
import type { Collect } from '../../../controller/server/gc-route.js';
import { createHarness } from '../server/harness.js';
import { collectedReport, sampleGc, samplePreview, sampleRun, unsuccessfulRun } from '../status/gc-samples.js';
import { captureIo } from './harness.js';

const { store, make, directory, cleanUp } = createHarness();
store.reportCache(collectedReport(sampleGc()));
store.reportCache(collectedReport(null, { name: 'blue' }));
afterEach(cleanUp);

const success = (cache: string): GcNews => ({ type: 'run', cache, run: sampleRun({ trigger: 'request' }) });
const text = (cache: string) =>
  `${cache}: freed 1.2 GiB (34 paths) in 3.1 s; kept 312 paths: 4 profiles, 2 links, 1 process\n`;

/** Runs a command line against `stateDir` with the client's own actions. */
async function kalpana(stateDir: string, line: string, signal?: AbortSignal) {
  const { io, written } = captureIo();
  const code = await runCli([...line.split(' '), '--state-dir', stateDir], {
    actions: createClientActions(io, signal) as Actions,
    io,
    version: '1.2.3',
  });
  return { code, ...written };
}

/** A controller whose collections tell `news` of each cache; `asked` in order. */
async function startController(
  news: (cache: string, dryRun: boolean) => readonly GcNews[],
  before: () => void = () => undefined,
) {
  const stateDir = directory();
  const asked: string[] = [];
  const onGc: Collect = (cache, { dryRun }, onNews) => {
    asked.push(`${cache}${dryRun ? ' dry' : ''}`);
    before();
    for (const one of news(cache, dryRun)) onNews(one);
    return Promise.resolve();
  };
  await make({ socketPath: controlSocketPath(stateDir), onGc }).start();
  return { stateDir, asked };
}

/** Something at the socket that is no controller of ours. */
async function startOther(listener: RequestListener) {
  const stateDir = directory();
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(controlSocketPath(stateDir), resolve));
  return { stateDir, close: () => void (server.close(), server.closeAllConnections()) };
}

describe('kalpana gc', () => {
  it('collects one cache: steps to stderr, the result to stdout', async () => {
    const { stateDir, asked } = await startController((cache) => [
      { type: 'progress', cache, message: 'reading the links' },
      { type: 'progress', cache, message: 'scanning' },
      success(cache),
    ]);
    expect(await kalpana(stateDir, 'gc default')).toEqual({
      code: 0,
      out: text('default'),
      err: 'default: reading the links\ndefault: scanning\n',
    });
    expect(asked).toEqual(['default']);
  });

  it('collects all without a name, one after the other, also behind one that was aborted', async () => {
    const aborted = unsuccessfulRun('aborted', 'GcBusy', 'a realisation did not end');
    const { stateDir, asked } = await startController((cache) => [
      cache === 'blue' ? { type: 'run', cache, run: aborted } : success(cache),
    ]);
    const err =
      'error: blue: nothing was collected: a realisation did not end. Nothing was collected; the next run tries again.\n';
    expect(await kalpana(stateDir, 'gc')).toEqual({ code: 1, out: text('default'), err });
    expect(asked).toEqual(['blue', 'default']);
    const json = await kalpana(stateDir, 'gc -o json');
    expect([json.code, json.err, JSON.parse(json.out)]).toEqual([
      1,
      err,
      [{ type: 'run', cache: 'blue', run: aborted }, success('default')],
    ]);
  });

  it('shows what a dry run finds, of each cache', async () => {
    const { stateDir, asked } = await startController((cache) => [
      { type: 'preview', preview: samplePreview({ cache, dead: [], roots: [], expiring: [] }) },
    ]);
    const shown = (cache: string) => `${cache}: nothing would go; 312 paths would be kept\n\nKept by: nothing\n`;
    expect(await kalpana(stateDir, 'gc --dry-run')).toEqual({
      code: 0,
      out: `${shown('blue')}\n${shown('default')}`,
      err: '',
    });
    expect(asked).toEqual(['blue dry', 'default dry']);
    const json = await kalpana(stateDir, 'gc default --dry-run -o json');
    expect(JSON.parse(json.out)).toEqual([
      { type: 'preview', preview: samplePreview({ dead: [], roots: [], expiring: [] }) },
    ]);
  });

  it('says so when it is refused, and for a cache that there is not', async () => {
    const { stateDir } = await startController((cache) => [
      { type: 'refused', cache, message: 'the keeper is not up' },
    ]);
    expect(await kalpana(stateDir, 'gc default')).toEqual({
      code: 1,
      out: '',
      err: 'error: default: the keeper is not up\n',
    });
    expect(await kalpana(stateDir, 'gc green')).toEqual({
      code: 1,
      out: '',
      err: "error: green: there is no cache 'green'\n",
    });
    const json = await kalpana(stateDir, 'gc green -o json');
    expect([json.code, JSON.parse(json.out)]).toEqual([
      1,
      [{ type: 'refused', cache: 'green', message: "there is no cache 'green'" }],
    ]);
  });

  it('has a word for no caches', async () => {
    const stateDir = directory();
    await make({ socketPath: controlSocketPath(stateDir), store: createHarness().store }).start();
    expect(await kalpana(stateDir, 'gc')).toEqual({ code: 0, out: 'No caches.\n', err: '' });
    expect(await kalpana(stateDir, 'gc -o json')).toEqual({ code: 0, out: '[]\n', err: '' });
  });

  it('says so when no controller answers, and when it ends without a result', async () => {
    expect(await kalpana(directory(), 'gc default -o json')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('error: no controller answers at '),
    });
    const { stateDir } = await startController(() => []);
    expect(await kalpana(stateDir, 'gc default')).toEqual({
      code: 1,
      out: '',
      err: "error: default: the controller's answer ended before its result; look at kalpana describe cache default\n",
    });
  });

  it('ends with ctrl-c, and the collection goes on', async () => {
    const stop = new AbortController();
    const { stateDir } = await startController(
      () => [],
      () => stop.abort(),
    );
    expect(await kalpana(stateDir, 'gc default', stop.signal)).toEqual({
      code: 1,
      out: '',
      err: 'error: interrupted; what the controller has begun goes on\n',
    });
  });

  it('keeps what was done when the connection breaks', async () => {
    const { stateDir, close } = await startOther((request, response) => {
      if (request.url === '/api/v1/caches')
        return void response.end(JSON.stringify({ items: [{ name: 'a' }, { name: 'b' }] }));
      response.write(`${JSON.stringify({ type: 'progress', cache: 'b', message: 'scanning' })}\n`);
      if (request.url?.includes('/a/')) response.end(JSON.stringify(success('a')));
      else response.write('{"type":', () => response.destroy());
    });
    const { code, out, err } = await kalpana(stateDir, 'gc -o json');
    close();
    expect([code, JSON.parse(out)]).toEqual([1, [success('a')]]);
    expect(err).toMatch(/\nerror: the controller at .* broke off its answer \(aborted\); look whether it runs\n$/);
  });
});

describe('kalpana describe cache', () => {
  it('shows the collection, and all as JSON', async () => {
    const { stateDir } = await startController(() => []);
    const { code, out } = await kalpana(stateDir, 'describe cache default');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Name: +default\n[^]*\nCollection:\n[^]*\nLast runs:\n[^]*\nEvents:\n/),
    ]);
    const json = await kalpana(stateDir, 'describe cache default -o json');
    expect(JSON.parse(json.out)).toMatchObject({
      name: 'default',
      gc: { runs: [{ result: 'success' }] },
      events: [{ reason: 'Ready' }],
    });
    expect(await kalpana(stateDir, 'describe cache green')).toEqual({
      code: 1,
      out: '',
      err: "error: there is no cache 'green'\n",
    });
  });
});

describe('streamFromController', () => {
  it('puts lines together from pieces, cut within a character too', async () => {
    const bytes = Buffer.from('{"a":"ä\u2028"}\n{"a":2}\n{"a":3}');
    const { stateDir, close } = await startOther((_request, response) => {
      let at = 0;
      const send = () => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, (at += 1)), () => setImmediate(send));
      };
      send();
    });
    const values: unknown[] = [];
    expect(await streamFromController(stateDir, '/', {}, (value) => values.push(value))).toBeNull();
    close();
    expect(values).toEqual([{ a: 'ä\u2028' }, { a: 2 }, { a: 3 }]);
  });

  it.each<[string, RequestListener]>([
    ['before the answer', () => undefined],
    ['after a line', (_request, response) => void response.write('{}\n')],
    ['within a refusal', (_request, response) => void response.writeHead(409).write('{')],
  ])('gives up a controller that is silent %s', async (_name, listener) => {
    const { stateDir, close } = await startOther(listener);
    await expect(streamFromController(stateDir, '/', {}, () => undefined, { silenceMs: 50 })).rejects.toThrow(
      /^the controller at .*kalpana\.sock was silent for 0\.05 s; look at its log$/,
    );
    close();
  });

  it('waits as long as something comes', async () => {
    let lines = 0;
    const { stateDir, close } = await startOther((_request, response) => {
      const timer = setInterval(() => {
        lines += 1;
        response.write('{}\n');
        if (lines < 10) return;
        clearInterval(timer);
        response.end();
      }, 100);
    });
    const values: unknown[] = [];
    await streamFromController(stateDir, '/', {}, (value) => values.push(value), { silenceMs: 700 });
    close();
    expect(values).toHaveLength(10);
  });

  it('says so when a line is no JSON', async () => {
    const { stateDir, close } = await startOther((_request, response) => void response.end('{}\n<html>\n'));
    await expect(streamFromController(stateDir, '/', {}, () => undefined)).rejects.toThrow(
      /answered with something else than JSON$/,
    );
    close();
  });
});
