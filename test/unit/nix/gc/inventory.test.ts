import { describe, expect, it } from '@jest/globals';
import { rootInventoryFrom, storePathIn } from '../../../../controller/nix/gc/root-inventory.js';

const OUT = `/nix/store/${'0'.repeat(32)}-out`;
const ROOTS = '/nix/var/nix/gcroots';
const PROFILES = '/nix/var/nix/profiles/kalpana';
const EMPTY = {
  now: 0,
  generations: [],
  profiles: new Map(),
  links: [],
  pins: [],
  images: new Map(),
  keeper: [],
  others: [],
  invalid: new Set(),
};
const root = (link: string, target: string, mtime = '5.25') => `root ${mtime} ${link}\t${target}`;
/** As the keeper tells them: bytes, in hexadecimal digits, of any number of lines. */
const links = (...records: readonly string[]) =>
  [...Buffer.from(records.map((record) => `${record}\0`).join('')).toString('hex')].reduce<string[]>(
    (lines, digit, index) =>
      index % 32 === 0
        ? [...lines, `links ${digit}`]
        : [...lines.slice(0, -1), `${lines.at(-1)}${index % 2 === 0 ? ' ' : ''}${digit}`],
    [],
  );

const ROWS: readonly [string, string[], object][] = [
  ['nothing', [], {}],
  ["the keeper's clock, in seconds", ['now 1700000000'], { now: 1_700_000_000_000 }],
  ['the same between two seconds', ['now 1700000000.2500000000'], { now: 1_700_000_000_250 }],
  [
    'a profile and its generation',
    [root(`${PROFILES}/alice`, 'alice-7-link'), root(`${PROFILES}/alice-7-link`, OUT)],
    { profiles: new Map([['alice', 7]]), generations: [{ profile: 'alice', number: 7, path: OUT, madeAt: 5_250 }] },
  ],
  [
    'a workspace whose name ends like a number',
    [root(`${PROFILES}/a-1`, 'a-1-2-link'), root(`${PROFILES}/a-1-2-link`, OUT)],
    { profiles: new Map([['a-1', 2]]), generations: [{ profile: 'a-1', number: 2, path: OUT, madeAt: 5_250 }] },
  ],
  [
    'a workspace whose name is like a generation',
    [root(`${PROFILES}/a-1-link`, 'a-1-link-3-link'), root(`${PROFILES}/a-1-link-3-link`, OUT)],
    {
      profiles: new Map([['a-1-link', 3]]),
      generations: [{ profile: 'a-1-link', number: 3, path: OUT, madeAt: 5_250 }],
    },
  ],
  [
    'prewarmed packages',
    [root(`${PROFILES}/.prewarm`, '.prewarm-1-link'), root(`${PROFILES}/.prewarm-1-link`, OUT)],
    {
      profiles: new Map([['.prewarm', 1]]),
      generations: [{ profile: '.prewarm', number: 1, path: OUT, madeAt: 5_250 }],
    },
  ],
  [
    'a switch that was cut short',
    [root(`${PROFILES}/.alice.new`, 'alice-8-link'), root(`${PROFILES}/..prewarm.new`, '.prewarm-2-link')],
    {},
  ],
  [
    'a profile that leads nowhere we know',
    [root(`${PROFILES}/odd`, '/etc/passwd'), root(`${PROFILES}/odd-1-link`, '/etc/passwd')],
    {},
  ],
  [
    'a pin',
    [root(`${ROOTS}/kalpana/links/alice/hash`, OUT)],
    { pins: [{ owner: 'alice', name: 'hash', path: OUT, seenAt: 5_250 }] },
  ],
  [
    'what an image and the keeper brought',
    [root(`${ROOTS}/kalpana/images/sha256:1/x`, OUT), root(`${ROOTS}/kalpana/keeper/y`, OUT)],
    { images: new Map([['sha256:1', [OUT]]]), keeper: [OUT] },
  ],
  [
    'roots made by hand, deep below or beside our profiles',
    [root(`${ROOTS}/kalpana/links/a/b/c`, OUT), root('/nix/var/nix/profiles/default-1-link', `${OUT}/bin`)],
    {
      others: [
        { from: `${ROOTS}/kalpana/links/a/b/c`, path: OUT },
        { from: '/nix/var/nix/profiles/default-1-link', path: OUT },
      ],
    },
  ],
  [
    "a root that leads out of the store, and the link behind which clients' links are",
    [root(`${ROOTS}/mine`, '/home/me/result'), root(`${ROOTS}/auto`, '/nix/var/kalpana/links')],
    {},
  ],
  ['a store path that is not there', [`invalid ${OUT}`], { invalid: new Set([OUT]) }],
  [
    'a known link',
    links('17.5 hash\t/workspace/result'),
    { links: [{ name: 'hash', file: '/workspace/result', madeAt: '17.5' }] },
  ],
  [
    "spaces in a file's name",
    links('1 hash\t/workspace/my  result '),
    { links: [{ name: 'hash', file: '/workspace/my  result ', madeAt: '1' }] },
  ],
  [
    "a tab in a file's name",
    links('1 hash\t/workspace/a\tb'),
    { links: [{ name: 'hash', file: '/workspace/a\tb', madeAt: '1' }] },
  ],
  [
    "newlines in a file's name",
    links('1 hash\t/workspace/a\nnow 0\nb'),
    { links: [{ name: 'hash', file: '/workspace/a\nnow 0\nb', madeAt: '1' }] },
  ],
  [
    "a file's name that looks like our lines",
    links(`1 hash\t/workspace/kalpana: root 1 ${PROFILES}/alice\talice-9-link`, '2 other\t/x'),
    {
      links: [
        { name: 'hash', file: `/workspace/kalpana: root 1 ${PROFILES}/alice\talice-9-link`, madeAt: '1' },
        { name: 'other', file: '/x', madeAt: '2' },
      ],
    },
  ],
  ['lines that are none of ours', ['', 'root', 'find: permission denied', 'roots 1 a\tb', ' now 7', 'frozen'], {}],
];

describe('the roots that a keeper tells of', () => {
  it.each(ROWS)('%s', (_, lines, expected) => expect(rootInventoryFrom(lines)).toEqual({ ...EMPTY, ...expected }));
});

describe('the store path in a path', () => {
  it.each([
    [OUT, OUT],
    [`${OUT}/bin/x`, OUT],
    [`/nix/store/${'0'.repeat(31)}-out`, null],
    [`/nix/store/${'e'.repeat(32)}-out`, null],
    [`/nix/store/${'0'.repeat(32)}-`, null],
    ['/nix/store', null],
    [`/workspace${OUT}`, null],
    ['', null],
  ])('%s', (path, expected) => expect(storePathIn(path)).toBe(expected));
});
