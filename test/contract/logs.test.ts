import { afterEach, expect, it } from '@jest/globals';
import { json, rogueEngine, stream, type Answer, type RogueEngine } from './support/rogue-engine.js';
import { frame } from './support/frames.js';
import { failureOf } from './support/outcome.js';
import { INSPECTED } from './support/samples.js';

let engine: RogueEngine | null = null;
afterEach(async () => engine?.stop());

async function answering(logs: Answer, Tty = false) {
  engine = await rogueEngine([
    [/^GET \/v1\.41\/containers\/a\/json/, json(200, { ...INSPECTED, Config: { ...INSPECTED.Config, Tty } })],
    [/^GET \/v1\.41\/containers\/a\/logs/, logs],
  ]);
  return engine.connect();
}

const two = Buffer.concat([frame('out ü\n'), frame('err\n', 2)]);

it('5,000 tiny frames in one chunk do not overflow the stack (trap dockerode-6)', async () => {
  const frames = Buffer.concat(Array.from({ length: 5_000 }, () => frame('x')));
  expect(await (await answering(stream([frames]))).tailContainer('a', 10)).toBe('x'.repeat(5_000));
});

it.each(Array.from({ length: two.length - 1 }, (_, index) => index + 1))(
  'two frames cut at byte %i, within a header or a character',
  async (at) => {
    expect(await (await answering(stream([two.subarray(0, at), two.subarray(at)]))).tailContainer('a', 10)).toBe(
      'out ü\nerr',
    );
  },
);

it.each<[string, Buffer[], boolean, string]>([
  ['nothing', [], false, ''],
  ['an empty frame', [frame('')], false, ''],
  ["a terminal's bytes are not framed", [Buffer.from('one\r\ntwo\r\n')], true, 'one\ntwo'],
  ['colours, titles and bells', [frame('\u001b[31mred\u001b[0m \u001b]0;title\u0007\u0007ok\n')], false, 'red ok'],
  ['progress bars redraw by carriage return', [frame('10%\r20%\r30%\n')], false, '10%\n20%\n30%'],
  ['bidirectional overrides', [frame('a\u202eb\n')], false, 'ab'],
])('%s', async (_name, chunks, tty, expected) => {
  expect(await (await answering(stream(chunks), tty)).tailContainer('a', 10)).toBe(expected);
});

it('keeps the last 64 KiB of whatever comes', async () => {
  const lines = Array.from({ length: 40 }, (_, index) =>
    frame(`${String(index).padStart(9, '0')}${'x'.repeat(9_990)}\n`),
  );
  const tail = await (await answering(stream(lines))).tailContainer('a', 40);
  expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(64 * 1024);
  expect(tail).toMatch(/000000039x+$/);
});

it.each<[string, Answer, string]>([
  ['no frames where frames should be', stream(['plain text, longer than a header\n']), 'malformed'],
  ['an end within a frame', stream([two.subarray(0, 12)]), 'malformed'],
  ['a cut', stream([two], 'cut'), 'unreachable'],
  [
    'a driver that cannot be read',
    json(501, { message: 'configured logging driver does not support reading' }),
    'server',
  ],
])('%s', async (_name, answer, kind) => {
  expect(await failureOf((await answering(answer)).tailContainer('a', 10))).toMatchObject({
    kind,
    verb: 'tailContainer',
  });
});
