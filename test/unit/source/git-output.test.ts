import { describe, expect, it } from '@jest/globals';
import { blobsFrom, commitFrom, refsFrom, treeFrom } from '../../../controller/source/git/git-output.js';

const HASH = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

describe("what git's output says", () => {
  it('reads a commit, with one printable line for what its author wrote', () => {
    const output = Buffer.from(`${HASH}\0Eve\u001b[31m <eve@example.com>\0${'x'.repeat(300)}\0${1_700_000_000}\n`);
    expect(commitFrom(output)).toEqual({
      revision: HASH,
      author: expect.not.stringContaining('\u001b'),
      subject: 'x'.repeat(200),
      committedAt: 1_700_000_000_000,
    });
  });

  it('reads a tree: names with tabs and newlines, a link, and a submodule without a size', () => {
    const output = Buffer.from(
      [
        `100644 blob ${HASH}      12\tone\ttwo\nthree.json`,
        `120000 blob ${OTHER}       4\tlink.json`,
        `160000 commit ${OTHER}       -\tsub`,
        '',
      ].join('\0'),
    );
    expect(treeFrom(output)).toEqual([
      { mode: '100644', hash: HASH, size: 12, path: 'one\ttwo\nthree.json' },
      { mode: '120000', hash: OTHER, size: 4, path: 'link.json' },
      { mode: '160000', hash: OTHER, size: null, path: 'sub' },
    ]);
  });

  it('takes only references of exactly the names that were asked for', () => {
    const output = Buffer.from(`${HASH}\trefs/heads/main\n${OTHER}\trefs/remotes/refs/heads/main\n`);
    expect(refsFrom(output, ['refs/heads/main', 'refs/tags/main'])).toEqual([{ name: 'refs/heads/main', hash: HASH }]);
  });

  it('reads contents by hash, whatever bytes they hold', () => {
    const output = Buffer.concat([
      Buffer.from(`${HASH} blob 3\n`),
      Buffer.from([0x0a, 0x00, 0xff]),
      Buffer.from(`\n${OTHER} blob 0\n\n`),
    ]);
    const contents = blobsFrom(output, [HASH, OTHER]);
    expect([...(contents.get(HASH) ?? [])]).toEqual([0x0a, 0x00, 0xff]);
    expect(contents.get(OTHER)?.length).toBe(0);
  });

  it.each([
    ['an object is missing', `${HASH} missing\n`],
    ['an object is no file', `${HASH} tree 3\nabc\n`],
    ['the output ends early', ''],
  ])('says so when %s', (_, output) => {
    expect(() => blobsFrom(Buffer.from(output), [HASH])).toThrow(`the clone lacks the object ${HASH}`);
  });
});
