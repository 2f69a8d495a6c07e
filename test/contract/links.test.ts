import { afterEach, describe, expect, it } from '@jest/globals';
import { pack, type Headers } from 'tar-stream';
import { failureOf, outcome } from './support/outcome.js';
import {
  allReleased,
  chunk,
  empty,
  json,
  rogueEngine,
  stream,
  streamHead,
  type Answer,
  type RogueEngine,
} from './support/rogue-engine.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

type Entry = Partial<Headers> & { readonly name: string };
const LINK: Entry = { name: 'r', type: 'symlink', linkname: '/nix/store/x' };

async function tarOf(...entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const entry of entries) tar.entry(entry, entry.type === 'file' ? 'x'.repeat(entry.size ?? 0) : '');
  tar.finalize();
  const blocks: Buffer[] = [];
  for await (const block of tar as AsyncIterable<Buffer>) blocks.push(block);
  return Buffer.concat(blocks);
}

const stat = (linkTarget: string) =>
  empty(
    200,
    `X-Docker-Container-Path-Stat: ${Buffer.from(JSON.stringify({ name: 'r', linkTarget })).toString('base64')}\r\n`,
  );
const IS_LINK = stat('/nix/store/x-as-it-ends');
const said = (message: string) => json(500, { message });
const LOOP = said('evalSymlinksInScope: too many links in /var/lib/docker/overlay2/0/merged/w/r');
const NO_DIRECTORY = said('lstat /var/lib/docker/overlay2/0/merged/w/r: not a directory');
const TOO_LONG = said(`lstat /var/lib/docker/overlay2/0/merged/${'w'.repeat(3_000)}: file name too long`);
const GONE = json(404, { message: 'Could not find the file /w/r in container a' });
const NO_CONTAINER = json(404, { message: 'No such container: a' });

interface Answers {
  readonly head: Answer;
  readonly archive?: Answer;
  /** Of `/w/`. */
  readonly directory?: Answer;
  readonly inspect?: Answer;
}

async function reading({ head, archive = GONE, directory = GONE, inspect = json(200, {}) }: Answers) {
  engine = await rogueEngine([
    [/^HEAD \/v1\.41\/containers\/a\/archive\?path=%2Fw%2Fr$/, head],
    [/^GET \/v1\.41\/containers\/a\/archive\?path=%2Fw%2Fr$/, archive],
    [/^GET \/v1\.41\/containers\/a\/archive\?path=%2Fw%2F$/, directory],
    [/^GET \/v1\.41\/containers\/a\/json/, inspect],
  ]);
  const port = engine.connect();
  return (options = {}) => port.readLink('a', '/w/r', options);
}

/** Goes on for ever. */
const endless =
  (head: Buffer, filling = 1): Answer =>
  (socket) => {
    socket.write(streamHead('application/x-tar'));
    socket.write(chunk(head));
    const more = () => {
      while (!socket.destroyed)
        if (!socket.write(chunk(Buffer.alloc(1_000_000, filling)))) return void socket.once('drain', more);
    };
    more();
  };

describe('a link', () => {
  it('is told by HEAD, and its target by the header in the archive, whatever follows', async () => {
    const read = await reading({ head: IS_LINK, archive: stream([(await tarOf(LINK)).subarray(0, 512)], 'open') });
    expect(await read()).toBe('/nix/store/x');
    await allReleased(engine!);
  });

  it.each([
    ['long', `/nix/store/${'x'.repeat(3_000)}`],
    ['with a new line and letters of all sorts', 'a\n日本 é'],
  ])('%s, in an extended header', async (_name, linkname) => {
    expect(await (await reading({ head: IS_LINK, archive: stream([await tarOf({ ...LINK, linkname })]) }))()).toBe(
      linkname,
    );
  });

  it('that became a directory in between is none, and the tree in it is not read', async () => {
    const read = await reading({
      head: IS_LINK,
      archive: endless(await tarOf({ name: 'r/', type: 'directory' }, { name: 'r/f', type: 'file', size: 1_000 })),
    });
    expect(await read()).toBeNull();
    await allReleased(engine!);
  });

  it('that is none is not asked for', async () => {
    expect(await (await reading({ head: stat('') }))()).toBeNull();
    expect(engine!.received.filter(({ method, url }) => method === 'GET' && url.includes('archive'))).toEqual([]);
  });
});

it.each<[string, Answers, unknown]>([
  ['the path is not there', { head: empty(404) }, null],
  ['the path went in between', { head: IS_LINK, archive: GONE }, null],
  [
    'the container is not there',
    { head: empty(404), inspect: NO_CONTAINER },
    { kind: 'not-found', status: 404, message: 'No such container: a' },
  ],
  [
    'the container went in between',
    { head: IS_LINK, archive: NO_CONTAINER, inspect: NO_CONTAINER },
    { kind: 'not-found', status: 404, message: 'No such container: a' },
  ],
  ['a proxy says that it is not there', { head: IS_LINK, archive: empty(404) }, { kind: 'malformed', status: 404 }],
  [
    'the container is not known after all',
    { head: empty(404), inspect: said('out of sorts') },
    { kind: 'server', status: 500, message: 'out of sorts' },
  ],
  [
    'the engine fails at the first',
    { head: empty(500), archive: said('input/output error') },
    { kind: 'server', status: 500, message: 'input/output error' },
  ],
  [
    'the engine fails at the second',
    { head: IS_LINK, archive: said('input/output error') },
    { kind: 'server', status: 500, message: 'input/output error' },
  ],
  [
    'the request is refused',
    { head: empty(400), archive: json(400, { message: 'bad parameter' }) },
    { kind: 'rejected', status: 400, message: 'bad parameter' },
  ],
  [
    "the volume's directory is gone",
    {
      head: empty(500),
      archive: said('error evaluating symlinks from mount source "/v": lstat /v: no such file or directory'),
    },
    { kind: 'server', status: 500 },
  ],
])('unknown is not absent: %s', async (_name, answers, expected) => {
  const seen = await outcome((await reading(answers))());
  if (expected === null) expect(seen).toBeNull();
  else expect(seen).toMatchObject({ verb: 'readLink', ...(expected as object) });
  // The directory is asked for a link that cannot be followed, and for nothing else.
  expect(engine!.received.filter(({ url }) => url.endsWith('%2Fw%2F'))).toEqual([]);
});

it.each<[string, (tar: Buffer) => Answer, string]>([
  ['cut within its header', (tar) => stream([tar.subarray(0, 300)]), 'malformed'],
  ['cut before its header', () => stream([]), 'malformed'],
  ['empty, if whole', () => stream([Buffer.alloc(1_024)]), 'malformed'],
  ['cut within an extended header', (tar) => stream([tar.subarray(0, 1_200)]), 'malformed'],
  ['no tar', () => stream(['x'.repeat(2_000)]), 'malformed'],
  ['a failure in words', () => stream(['{"message":"input/output error"}\n']), 'malformed'],
  ['a header that never comes', () => endless(Buffer.alloc(512), 0), 'malformed'],
  ['a lost connection within its header', (tar) => stream([tar.subarray(0, 300)], 'cut'), 'unreachable'],
  ['a stall within its header', (tar) => stream([tar.subarray(0, 300)], 'open'), 'timeout'],
])('an archive that holds no link is a failure: %s', async (_name, archive, kind) => {
  const read = await reading({
    head: IS_LINK,
    archive: archive(await tarOf({ ...LINK, linkname: 'x'.repeat(1_500) })),
  });
  expect(await failureOf(read({ deadlineMs: kind === 'timeout' ? 150 : 10_000 }))).toMatchObject({
    kind,
    verb: 'readLink',
  });
  await allReleased(engine!);
});

describe('a link that the engine cannot follow', () => {
  const DIRECTORY: Entry = { name: 'w/', type: 'directory' };

  it.each([
    ['is in a loop', LOOP],
    ['leads through a file', NO_DIRECTORY],
    ['has a name in its target that is too long', TOO_LONG],
  ])('%s: its directory has it', async (_name, words) => {
    const directory = stream(
      [
        await tarOf(
          DIRECTORY,
          { name: 'w/a', type: 'directory' },
          { ...LINK, name: 'w/a/r', linkname: 'no' },
          { name: 'w/f', type: 'file', size: 900 },
          { ...LINK, name: 'w/r' },
        ),
      ],
      'open',
    );
    expect(await (await reading({ head: empty(500), archive: words, directory }))()).toBe('/nix/store/x');
    await allReleased(engine!);
  });

  it('is told so by the second answer too', async () => {
    expect(
      await (
        await reading({
          head: IS_LINK,
          archive: LOOP,
          directory: stream([await tarOf(DIRECTORY, { ...LINK, name: 'w/r' })]),
        })
      )(),
    ).toBe('/nix/store/x');
  });

  it.each<[string, Answer]>([
    ['a file is on its way', NO_DIRECTORY],
    ['a loop is on its way', LOOP],
    ['a loop is on its way, as Linux says it', said('lstat /w/: too many levels of symbolic links')],
    ['its directory is gone', GONE],
  ])('is none: %s', async (_name, directory) => {
    expect(await (await reading({ head: empty(500), archive: NO_DIRECTORY, directory }))()).toBeNull();
  });

  it.each<[string, Answer, (directory: Buffer) => Answer]>([
    ['in a loop, and its directory has none such', LOOP, (directory) => stream([directory])],
    [
      'in a loop, and its directory is larger than anybody waits for',
      LOOP,
      (directory) => endless(largeFile(directory)),
    ],
    [
      'through a file, and its directory is larger than anybody waits for',
      NO_DIRECTORY,
      (directory) => endless(largeFile(directory)),
    ],
  ])(
    'leads nobody anywhere, and passes for none: %s',
    async (_name, words, directory) => {
      expect(
        await (
          await reading({ head: empty(500), archive: words, directory: directory(await tarOf(DIRECTORY)) })
        )(),
      ).toBeNull();
      await allReleased(engine!);
    },
    20_000,
  );

  it.each<[string, Answer, (directory: Buffer) => Answer, string]>([
    [
      'it is too long, and its directory has none such',
      TOO_LONG,
      (directory) => stream([directory]),
      'server: lstat /var/lib/docker',
    ],
    [
      'it is too long, and its directory is larger than anybody waits for',
      TOO_LONG,
      (directory) => endless(largeFile(directory)),
      'server: lstat /var/lib/docker',
    ],
    ['its directory is cut', LOOP, (directory) => stream([directory.subarray(0, -1_024)]), 'malformed: '],
    [
      'its directory cannot be read',
      LOOP,
      () => said('lstat /w: input/output error'),
      'server: lstat /w: input/output error',
    ],
    ['the engine cannot walk so far', TOO_LONG, () => TOO_LONG, 'server: lstat /var/lib/docker'],
    ['the connection is lost', LOOP, (directory) => stream([directory.subarray(0, 600)], 'cut'), 'unreachable: '],
  ])(
    'is not known: %s',
    async (_name, words, directory, expected) => {
      const read = await reading({ head: empty(500), archive: words, directory: directory(await tarOf(DIRECTORY)) });
      const { kind, message } = await failureOf(read());
      expect(`${kind}: ${message}`.slice(0, expected.length)).toBe(expected);
      await allReleased(engine!);
    },
    20_000,
  );
});

/** The directory and the head of a file of 4 GiB in it. */
function largeFile(directory: Buffer): Buffer {
  const tar = pack();
  tar.entry({ name: 'w/a', size: 4 * 1024 ** 3 });
  return Buffer.concat([directory.subarray(0, 512), tar.read() as Buffer]);
}

it('a path is sent as it is, whatever is in it', async () => {
  engine = await rogueEngine([[/^HEAD /, stat('')]]);
  const path = '/w/a b\'"%2F\n+&=#?日';
  await engine.connect().readLink('a', path);
  const { url } = engine.received.at(-1)!;
  expect(new URL(url, 'http://d').searchParams.get('path')).toBe(path);
});
