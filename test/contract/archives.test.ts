import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { extract, pack } from 'tar-stream';
import { failureOf, outcome } from './support/outcome.js';
import {
  allReleased,
  chunk,
  empty,
  json,
  lastChunk,
  rogueEngine,
  stream,
  streamHead,
  type Answer,
  type RogueEngine,
} from './support/rogue-engine.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

const STAT = Buffer.from('{"name":"p","linkTarget":""}').toString('base64');
const MISSING = json(404, { message: 'Could not find the file /x in container b' });

async function tarOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, contents] of Object.entries(files)) {
    if (name.endsWith('/')) tar.entry({ name, type: 'directory' });
    else tar.entry({ name }, contents);
  }
  tar.finalize();
  const blocks: Buffer[] = [];
  for await (const block of tar as AsyncIterable<Buffer>) blocks.push(block);
  return Buffer.concat(blocks);
}

describe('pathEntries', () => {
  async function reading(archive: Answer, inspect: Answer = json(200, {})) {
    engine = await rogueEngine([
      [/^GET \/v1\.41\/containers\/a\/archive\?path=%2Fnix%2Fstore$/, archive],
      [/^GET \/v1\.41\/containers\/a\/json/, inspect],
    ]);
    return engine.connect();
  }

  it('gives the names in a directory', async () => {
    const tar = await tarOf({
      'store/': '',
      'store/a-nix/': '',
      'store/a-nix/bin/': '',
      'store/a-nix/bin/nix': 'x'.repeat(3_000),
      'store/b.drv': 'y',
    });
    expect(await (await reading(stream([tar]))).pathEntries('a', '/nix/store', 9)).toEqual(['a-nix', 'b.drv']);
  });

  it('ends early and lets the connection go', async () => {
    const tar = await tarOf({ 'store/': '', 'store/a': '1', 'store/b': '2' });
    expect(await (await reading(stream([tar.subarray(0, -1024)], 'open'))).pathEntries('a', '/nix/store', 2)).toEqual([
      'a',
      'b',
    ]);
    await allReleased(engine!);
  });

  it('nothing there is null, no container is an error', async () => {
    expect(await (await reading(MISSING)).pathEntries('a', '/nix/store', 1)).toBeNull();
    await engine!.stop();
    const port = await reading(MISSING, json(404, { message: 'No such container: a' }));
    expect(await failureOf(port.pathEntries('a', '/nix/store', 1))).toMatchObject({
      kind: 'not-found',
      verb: 'pathEntries',
      message: 'No such container: a',
    });
  });

  it.each<[string, (tar: Buffer) => Answer, string]>([
    ["cut at an entry's border, the connection ended well", (tar) => stream([tar.subarray(0, -1024)]), 'malformed'],
    ['cut within an entry', (tar) => stream([tar.subarray(0, 700)]), 'malformed'],
    [
      'a failure in words at its end',
      (tar) => stream([tar.subarray(0, -1024), '{"message":"input/output error"}\n']),
      'malformed',
    ],
    ['no tar', () => stream(['x'.repeat(2_000)]), 'malformed'],
    ['nothing', () => stream([]), 'malformed'],
    ['a lost connection', (tar) => stream([tar.subarray(0, -1024)], 'cut'), 'unreachable'],
    ['a stall', (tar) => stream([tar.subarray(0, 700)], 'open'), 'timeout'],
  ])('a part is not the whole: %s', async (_name, answer, kind) => {
    const port = await reading(answer(await tarOf({ 'store/': '', 'store/a': '1' })));
    await port.version();
    expect(await failureOf(port.pathEntries('a', '/nix/store', 9, { deadlineMs: 150 }))).toMatchObject({
      kind,
      verb: 'pathEntries',
    });
  });
});

describe('copyPath', () => {
  /** Takes a whole chunked body and answers; `null` waits for ever. */
  function taking(bodies: Buffer[], answer: Answer): Answer {
    return (socket, request) => {
      const parts: Buffer[] = [];
      bodies.push(Buffer.alloc(0));
      socket.on('data', (part) => {
        parts.push(part);
        bodies[bodies.length - 1] = Buffer.concat(parts);
        if (Buffer.concat(parts).subarray(-5).toString() === lastChunk) answer(socket, request);
      });
    };
  }

  async function copying(
    source: Answer,
    target: Answer,
    head: Answer = empty(200, `X-Docker-Container-Path-Stat: ${STAT}\r\n`),
  ) {
    engine = await rogueEngine([
      [/^GET \/v1\.41\/containers\/a\/archive\?path=%2Fnix%2Fstore$/, source],
      [/^HEAD \/v1\.41\/containers\/b\/archive\?path=%2Fseed$/, head],
      [/^PUT \/v1\.41\/containers\/b\/archive\?path=%2Fseed&noOverwriteDirNonDir=1$/, target],
      [/^GET \/v1\.41\/containers\/b\/json/, json(200, {})],
    ]);
    const port = engine.connect();
    return (options = {}) =>
      port.copyPath({ container: 'a', path: '/nix/store' }, { container: 'b', directory: '/seed' }, options);
  }

  it('what comes out of one goes into the other', async () => {
    const tar = await tarOf({ 'store/': '', 'store/a': randomBytes(300_000) });
    const bodies: Buffer[] = [];
    const copy = await copying(stream([tar.subarray(0, 1_000), tar.subarray(1_000)]), taking(bodies, empty(200)));
    await copy();
    expect(unchunked(bodies[0]!).equals(tar)).toBe(true);
    await allReleased(engine!);
  });

  it.each<[string, (tar: Buffer) => Answer, string]>([
    ['a lost connection', (tar) => stream([tar.subarray(0, -1024)], 'cut'), 'unreachable'],
    ['a lost connection within an entry', (tar) => stream([tar.subarray(0, 700)], 'cut'), 'unreachable'],
    ['an end that is none', (tar) => stream([tar.subarray(0, -1024)]), 'malformed'],
    [
      'a failure in words',
      (tar) => stream([tar.subarray(0, -1024), '{"message":"input/output error"}\n']),
      'malformed',
    ],
    ['a stall', (tar) => stream([tar.subarray(0, 700)], 'open'), 'timeout'],
    ['no such path', () => MISSING, 'not-found'],
  ])('the target never takes a part for the whole: %s', async (_name, source, kind) => {
    const bodies: Buffer[] = [];
    const copy = await copying(source(await tarOf({ 'store/': '', 'store/a': '1' })), taking(bodies, empty(200)));
    expect(await failureOf(copy({ deadlineMs: 150 }))).toMatchObject({ kind, verb: 'copyPath' });
    await allReleased(engine!);
    for (const body of bodies) expect(body.subarray(-5).toString()).not.toBe(lastChunk);
  });

  const large = stream([randomBytes(4_000_000)], 'open');
  it.each<[string, Answer, string]>([
    ['refuses at once', json(400, { message: 'extraction point is not a directory' }), 'rejected'],
    ['is full', json(500, { message: 'no space left on device' }), 'server'],
    ['is lost', (socket) => socket.destroy(), 'unreachable'],
    ['takes nothing', (socket) => void socket.pause(), 'timeout'],
  ])('the target %s: the source is let go', async (_name, target, kind) => {
    const copy = await copying(large, target);
    expect(await failureOf(copy({ deadlineMs: kind === 'timeout' ? 150 : 10_000 }))).toMatchObject({
      kind,
      verb: 'copyPath',
    });
    // One that reads nothing does not see the end either.
    for (const socket of engine!.sockets) socket.resume();
    await allReleased(engine!);
  });

  it('a target directory that is missing is said before anything is sent', async () => {
    const copy = await copying(large, empty(200), empty(404));
    expect(await outcome(copy())).toMatchObject({ kind: 'not-found', message: 'There is no /seed in container b' });
    expect(engine!.received.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('memory is bounded: the source waits for the target', async () => {
    let sent = 0;
    const source: Answer = (socket) => {
      socket.write(streamHead('application/x-tar'));
      const more = () => {
        while (sent < 64_000_000) {
          sent += 64_000;
          if (!socket.write(chunk(Buffer.alloc(64_000, 1)))) return void socket.once('drain', more);
        }
      };
      more();
    };
    const targets: Socket[] = [];
    const copy = await copying(source, (socket) => void targets.push(socket.pause()));
    expect(await failureOf(copy({ deadlineMs: 300 }))).toMatchObject({ kind: 'timeout' });
    expect(targets).toHaveLength(1);
    expect(sent).toBeLessThan(8_000_000);
  });

  it('an abort ends both sides', async () => {
    const caller = new AbortController();
    const copy = await copying(large, () => setImmediate(() => caller.abort()));
    expect(await failureOf(copy({ signal: caller.signal }))).toMatchObject({ kind: 'aborted', verb: 'copyPath' });
    await allReleased(engine!);
  });

  it('within one container it would lock itself out', async () => {
    engine = await rogueEngine([]);
    const call = engine.connect().copyPath({ container: 'a', path: '/x' }, { container: 'a', directory: '/y' });
    expect(await failureOf(call)).toMatchObject({ kind: 'rejected', verb: 'copyPath' });
    expect(engine.received).toEqual([]);
  });
});

it('putDirectories sends one small tar of those that are missing; nothing for none', async () => {
  let body = Buffer.alloc(0);
  const put: Answer = (socket, request) => {
    body = Buffer.from(request.body, 'utf8');
    empty(200)(socket, request);
  };
  engine = await rogueEngine([
    [
      /^HEAD \/v1\.41\/containers\/a\/archive\?path=%2Fp%2F\.local$/,
      empty(200, `X-Docker-Container-Path-Stat: ${STAT}\r\n`),
    ],
    [/^HEAD /, empty(404)],
    [/^GET \/v1\.41\/containers\/a\/json/, json(200, {})],
    [/^PUT \/v1\.41\/containers\/a\/archive\?path=%2Fp&noOverwriteDirNonDir=1$/, put],
  ]);
  const port = engine.connect({ clock: { now: () => 1_700_000_000_000, after: () => () => undefined } });
  await port.putDirectories('a', '/p', []);
  await port.putDirectories('a', '/p', ['.local']);
  expect(engine.received.filter(({ method }) => method === 'PUT')).toEqual([]);
  await port.putDirectories('a', '/p', ['.local', '.local/state', '.local/state/nix']);
  const seen: object[] = [];
  await new Promise<void>((resolve, reject) => {
    const reader = extract().on('finish', resolve).on('error', reject);
    reader.on('entry', ({ name, type, mode, uid, gid, mtime }, contents, next) => {
      seen.push({ name, type, mode, uid, gid, mtime: mtime?.getTime() });
      contents.on('end', () => next()).resume();
    });
    reader.end(body);
  });
  const common = { type: 'directory', mode: 0o1777, uid: 0, gid: 0, mtime: 1_700_000_000_000 };
  expect(seen).toEqual([
    { ...common, name: '.local/state' },
    { ...common, name: '.local/state/nix' },
  ]);
  expect(engine.received.filter(({ method }) => method === 'PUT')).toHaveLength(1);
});

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = parseInt(body.subarray(at, end).toString(), 16);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
  return Buffer.concat(parts);
}
