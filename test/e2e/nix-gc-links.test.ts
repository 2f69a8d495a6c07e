import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scannerName, volumeProbeName } from '../../controller/model/names.js';
import { variants } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { collect, collected } from '../support/gc/household.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, cachePhase, cacheStatus, putCache } from '../support/nix/site.js';
import { storePath } from '../support/nix/store-images.js';

const site = createSite('nix-gc-links', testEngineHost());
const { docker } = site;
const CACHE = 'lk';
const { keeper } = cacheObjects(CACHE);
const BOX = 'workspace-lk-a';
const AWAY_IMAGE = 'kalpana-lk/away:1';
const LONG = 60_000;
const LOOKS_LIKE_OURS = String.raw`$'x\nkalpana: dead /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x\nkalpana: frozen'`;

/** What makes the link for `$path`; `nix-store --add-root` tells Nix of it. In bash, in /workspace. */
const root = (file: string) => `nix-store --add-root ${file} -r $path`;
const KEPT: readonly (readonly [string, string])[] = [
  [
    'a link to a link that Nix does not know',
    `${root('to-link')}; mv to-link to-link-behind; ln -s /workspace/to-link-behind to-link`,
  ],
  [
    'a chain of 39 links',
    `${root('chain')}; mv chain chain-0; for i in $(seq 37); do ln -s chain-$((i - 1)) chain-$i; done; ln -s chain-37 chain`,
  ],
  ['a relative link', `mkdir -p relative; ${root('relative/r')}; ln -sfn ../../nix/store/\${path##*/} relative/r`],
  ['a link through a directory link', `mkdir -p real/deep; ln -sfn real/deep linked; ${root('/workspace/linked/r')}`],
  [
    'a link to one through a directory link',
    `mkdir -p real/deep; ln -sfn real/deep linked; ${root('far')}; ln -s $path linked/far-behind; ln -sfn linked/far-behind far`,
  ],
  [
    'a link upwards from a linked directory',
    `mkdir -p real/deep; ln -sfn real/deep linked; ${root('/workspace/linked/up')}; ln -s $path real/up-behind; ln -sfn ../up-behind real/deep/up`,
  ],
  [
    'a link upwards through a linked directory',
    `mkdir -p real/deep; ln -sfn real/deep linked; ${root('around')}; ln -s $path real/around-behind; ln -sfn linked/../around-behind around`,
  ],
  ['a link to a file in the path', `${root('program')}; ln -sfn $path/words program`],
  ['a name with a newline', root(`$'new\\nline'`)],
  ['a name with a newline at its end', root(`$'newline\\n'`)],
  ['a name with a return at its end', root(`$'return\\r'`)],
  ['a name with the byte 1', root(`$'one\\x01two\\x02a'`)],
  ['a name of spaces, quotes and a tab', root(`$' it\\'s "a"\\tname '`)],
  ['a name beyond ASCII', root(`'ü 日本語 🙂'`)],
  ['a name that looks like words of ours', root(LOOKS_LIKE_OURS)],
  ['a name that looks like an option', `mkdir -p -- -rf; ${root('/workspace/-rf/-n')}`],
];
const DEAD: readonly (readonly [string, string])[] = [
  ['a chain that is broken', `${root('broken')}; ln -sfn /workspace/broken-behind broken`],
  ['a chain whose last link was deleted', `${root('cut')}; mv cut cut-behind; ln -s cut-behind cut; rm cut-behind`],
  // The engine shows one in a loop only with all of the directory that stands before it.
  [
    'a link to itself, in a directory of much',
    `mkdir -p loops; truncate -s 400M loops/a; ${root('loops/loop')}; ln -sfn loop loops/loop`,
  ],
  ['two links to each other', `${root('ping')}; ln -sfn pong ping; ln -s ping pong`],
  ['a link through a loop', `${root('through')}; ln -s self self; ln -sfn self/x through`],
  ['a link whose directory is a file now', `mkdir -p was; ${root('was/r')}; rm -r was; touch was`],
];
const kept = new Map<string, string>();
const dead = new Map<string, string>();
let server: TestNixCache;
let controller: Kalpana;

function putLinksCache(retain: string): void {
  putCache(site, CACHE, server, { gc: { schedule: '0 4 1 1 *', retain } });
}

/** Builds a path of its own for each row, by one line of bash: `name make`. */
async function build(box: string, name: string, make: string): Promise<string> {
  const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir $out; echo ${name} > $out/words" ]; }`;
  const { code, text } = await quietly(
    docker,
    box,
    `set -e; export HOME=/tmp; mkdir -p /workspace; cd /workspace; path=$(nix-build --no-out-link -E '${expression}' 2>/tmp/words) || { cat /tmp/words; exit 1; }; { ${make}; } > /tmp/words 2>&1 || { cat /tmp/words; exit 1; }; echo $path`,
  );
  expect({ code, text }).toEqual({
    code: 0,
    text: expect.stringMatching(new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`)),
  });
  return text;
}

const valid = async (path: string): Promise<boolean> =>
  (await docker.sh(keeper, `export NIX_REMOTE=local; test -e ${path} && nix-store --verify-path ${path}`)).code === 0;
const gone = async (path: string): Promise<boolean> => (await docker.sh(keeper, `test -e ${path}`)).code !== 0;

async function drop(name: string): Promise<void> {
  site.drop(`${name}.json`);
  await eventually(async () => expect(await docker.containerOrNull(`workspace-${name}`)).toBeNull(), {
    withinMs: LONG,
  });
}

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  const [repo = '', tag = ''] = AWAY_IMAGE.split(':');
  await docker.tag(TEST_NIX_IMAGE, repo, tag);
  putLinksCache('1h');
  site.put('lk-a', { cache: CACHE, image: TEST_NIX_IMAGE });
  controller = site.start();
  await cachePhase(controller, CACHE, 'Ready');
  await controller.ready('lk-a');
});

afterAll(async () => {
  await docker.untag(AWAY_IMAGE);
});

describe('links of a running workspace', () => {
  beforeAll(async () => {
    for (const [index, [kind, make]] of KEPT.entries()) kept.set(kind, await build(BOX, `kept-${index}`, make));
    for (const [index, [kind, make]] of DEAD.entries()) dead.set(kind, await build(BOX, `dead-${index}`, make));
    await collected(site, CACHE);
  });

  it.each(KEPT)('%s keeps its path', async (kind) => {
    expect(await valid(kept.get(kind) ?? '')).toBe(true);
  });

  it.each(DEAD)('%s keeps nothing', async (kind) => {
    expect(await gone(dead.get(kind) ?? '')).toBe(true);
  });

  it('are kept again the next time, by the roots that the last run made as well', async () => {
    expect(await collected(site, CACHE)).toMatchObject({ freedPaths: 0, roots: { link: KEPT.length } });
    for (const path of kept.values()) expect(await valid(path)).toBe(true);
  });
});

describe('a link with a target to harm by', () => {
  const X = `/nix/store/${'a'.repeat(32)}-x`;
  const HARM: readonly (readonly [string, string])[] = [
    [
      'makes a generation of another workspace',
      `${X}\n../../../profiles/kalpana lk-evil-1-link /nix/store/${'b'.repeat(32)}-evil`,
    ],
    ['makes a link outside of the roots', `${X}\n../../../../../../etc evil ${storePath('evil')}`],
    ['leads the collector astray by a quote', `${X}-it's "x`],
    ['leads the collector astray by a space', `${X} --option y`],
    ['leads to what is not there', `/nix/store/${'a'.repeat(32)}-absent`],
    ['leads to the store itself', '/nix/store'],
    ['leads to what is beside the store', '/nix/store/../store/.links'],
  ];
  const rubbish: string[] = [];

  beforeAll(async () => {
    await docker.sh(BOX, 'rm /workspace/loops/a');
    for (const [index, [, target]] of HARM.entries()) {
      rubbish.push(await build(BOX, `rubbish-${index}`, root(`evil-${index}`)));
      await docker.exec(BOX, ['ln', '-sfn', target, `/workspace/evil-${index}`]);
    }
    await collected(site, CACHE);
  });

  it.each(HARM)('never %s', async (kind) => {
    expect({ kind, gone: await gone(rubbish[HARM.findIndex(([one]) => one === kind)] ?? '') }).toEqual({
      kind,
      gone: true,
    });
  });

  it('leaves nothing behind, and all others their paths', async () => {
    const { text } = await docker.sh(
      keeper,
      'ls -d /etc/evil /nix/var/nix/profiles/kalpana/lk-evil* 2>/dev/null; ls /nix/var/nix/gcroots/kalpana/links',
    );
    expect(text).toBe('lk-a');
    for (const path of kept.values()) expect(await valid(path)).toBe(true);
    await docker.sh(BOX, 'rm /workspace/evil-*');
  });
});

describe('links in a data volume', () => {
  it.each(variants(['/home/work', '/workspace']))(
    'at %s whose workspace has no container are kept, those of the container that is gone are not',
    async (mountPath) => {
      const name = `lk-away${mountPath.replaceAll('/', '-')}`;
      site.put(name, { cache: CACHE, image: AWAY_IMAGE, imagePullPolicy: 'Never', storage: { mountPath } });
      await controller.ready(name);
      const link = await build(`workspace-${name}`, `${name}-volume`, root(`${mountPath}/result`));
      const behind = await build(
        `workspace-${name}`,
        `${name}-behind`,
        `${root(`${mountPath}/behind`)}; mkdir -p ${mountPath}/d; mv ${mountPath}/behind ${mountPath}/d/; ln -s d/behind ${mountPath}/behind`,
      );
      const own = await build(`workspace-${name}`, `${name}-own`, root('/root/result'));
      await docker.untag(AWAY_IMAGE);
      await docker.remove(`workspace-${name}`);
      await controller.until(name, { phase: 'Waiting', reason: 'ImageMissing' }, LONG);
      await collected(site, CACHE);
      expect([await valid(link), await valid(behind), await gone(own)]).toEqual([true, true, true]);
      await collected(site, CACHE);
      expect([await valid(link), await valid(behind)]).toEqual([true, true]);
      for (const helper of [scannerName(CACHE), volumeProbeName(name)])
        expect(await docker.containerOrNull(helper)).toBeNull();
      const [repo = '', tag = ''] = AWAY_IMAGE.split(':');
      await docker.tag(TEST_NIX_IMAGE, repo, tag);
      await controller.until(name, { phase: 'Ready' }, LONG);
      expect(
        (await docker.sh(`workspace-${name}`, `cat ${mountPath}/result/words ${mountPath}/behind/words`)).text,
      ).toBe(`${name}-volume\n${name}-behind`);
      await drop(name);
    },
  );

  const REMOVED = [
    ['never seen by one, in a volume mounted elsewhere', '/home/work', false],
    ['never seen by one', '/workspace', false],
    ['seen by a collection before', '/workspace', true],
  ] as const;

  it.each(variants(REMOVED))(
    'of a workspace that was removed are kept for as long as retain: %s',
    async (kind, mountPath, isSeen) => {
      const name = `lk-gone-${mountPath.split('/').at(-1)}-${String(isSeen)}`;
      site.put(name, { cache: CACHE, image: TEST_NIX_IMAGE, storage: { mountPath } });
      await controller.ready(name);
      const link = await build(`workspace-${name}`, name, root(`${mountPath}/result`));
      if (isSeen) await collected(site, CACHE);
      await drop(name);
      await collected(site, CACHE);
      expect({ kind, valid: await valid(link) }).toEqual({ kind, valid: true });
      await retain('0s');
      // Beside it, what is there is kept for as long as it is there.
      await collected(site, CACHE);
      expect({ kind, gone: await gone(link) }).toEqual({ kind, gone: true });
      for (const path of kept.values()) expect(await valid(path)).toBe(true);
      await retain('1h');
    },
  );
});

async function retain(value: '0s' | '1h'): Promise<void> {
  putLinksCache(value);
  await eventually(
    async () => expect((await cacheStatus(controller, CACHE)).gc?.config.retainMs).toBe(value === '0s' ? 0 : 3_600_000),
    { withinMs: 30_000 },
  );
}

it('foretells in order what keeps what, whatever the names', async () => {
  const { news } = await collect(site, CACHE, '--dry-run');
  const files =
    news.type === 'preview' ? news.preview.roots.filter(({ kind }) => kind === 'link').map(({ from }) => from) : [];
  expect(files).toEqual(
    expect.arrayContaining([
      '/workspace/new\nline',
      '/workspace/newline\n',
      '/workspace/return\r',
      '/workspace/one\x01two\x02a',
      '/workspace/ü 日本語 🙂',
    ]),
  );
});
