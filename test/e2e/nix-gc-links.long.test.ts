import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scannerName, volumeProbeName } from '../../controller/model/names.js';
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

// In each run nix-gc collects beside links that keep and links that keep nothing. The rest is shown in each run by
// test/contract/links and fake-fidelity (links of any name, to any text), test/simulation/gc-roots and
// test/unit/nix/gc/links (who keeps what, containers that are gone), and test/contract/keeper-scripts (a change of
// roots).

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
let server: TestNixCache;
let controller: Kalpana;

function putLinksCache(retain: string): void {
  putCache(site, CACHE, server, { gc: { schedule: '0 4 1 1 *', retain } });
}

/** Builds a path of its own for each row of a name and a line of bash, which is run with that path; gives the paths. */
async function build(box: string, rows: readonly (readonly [string, string])[]): Promise<string[]> {
  const list = rows.map(
    ([name]) =>
      `(derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir $out; echo ${name} > $out/words" ]; })`,
  );
  const makes = rows.map(
    ([name, make]) =>
      `path=$(grep -e '-${name}$' /tmp/paths)\n{ ${make}; } > /tmp/words 2>&1 || { echo ${name}; cat /tmp/words; exit 1; }`,
  );
  const { code, text } = await quietly(
    docker,
    box,
    [
      'set -e; export HOME=/tmp; mkdir -p /workspace; cd /workspace',
      `nix-build --no-out-link -E '[ ${list.join(' ')} ]' > /tmp/paths 2>/tmp/words || { cat /tmp/words; exit 1; }`,
      ...makes,
      'cat /tmp/paths',
    ].join('\n'),
  );
  const lines = text.split('\n');
  const paths = rows.map(([name]) => lines.find((line) => new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`).test(line)));
  expect({ code, text, missing: paths.filter((path) => path === undefined) }).toEqual({ code: 0, text, missing: [] });
  return paths.map((path) => path ?? '');
}

/** Of each path whether it is there, to the last byte. */
async function statesOf(paths: readonly string[]): Promise<string[]> {
  const look = `export NIX_REMOTE=local; for path; do
if ! test -e $path; then echo gone; elif nix-store --verify-path $path > /dev/null 2>&1; then echo valid; else echo broken; fi; done`;
  return (await docker.exec(keeper, ['sh', '-c', look, 'sh', ...paths])).text.split('\n');
}

async function expectKept(): Promise<void> {
  const paths = [...kept.values()];
  expect(await statesOf(paths)).toEqual(paths.map(() => 'valid'));
}

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

describe('links of a running workspace', () => {
  const states = new Map<string, string>();

  beforeAll(async () => {
    const rows = [
      ...KEPT.map(([, make], index) => [`kept-${index}`, make] as const),
      ...DEAD.map(([, make], index) => [`dead-${index}`, make] as const),
      ...HARM.map((_, index) => [`rubbish-${index}`, root(`evil-${index}`)] as const),
    ];
    const paths = await build(BOX, rows);
    const astray = 'at=0; for target; do ln -sfn "$target" /workspace/evil-$at || exit; at=$((at + 1)); done';
    const targets = HARM.map(([, target]) => target);
    expect((await docker.exec(BOX, ['sh', '-c', astray, 'sh', ...targets])).code).toBe(0);
    await collected(site, CACHE);
    const kinds = [...KEPT, ...DEAD, ...HARM].map(([kind]) => kind);
    for (const [index, state] of (await statesOf(paths)).entries()) states.set(kinds[index] ?? '', state);
    for (const [index, [kind]] of KEPT.entries()) kept.set(kind, paths[index] ?? '');
  });

  it.each(KEPT)('%s keeps its path', (kind) => {
    expect(states.get(kind)).toBe('valid');
  });

  it.each(DEAD)('%s keeps nothing', (kind) => {
    expect(states.get(kind)).toBe('gone');
  });

  it.each(HARM)('one with a target to harm by never %s', (kind) => {
    expect(states.get(kind)).toBe('gone');
  });

  it('leave nothing behind by such targets', async () => {
    const { text } = await docker.sh(
      keeper,
      'ls -d /etc/evil /nix/var/nix/profiles/kalpana/lk-evil* 2>/dev/null; ls /nix/var/nix/gcroots/kalpana/links',
    );
    expect(text).toBe('lk-a');
  });

  it('are foretold by their names the next time, by the roots that the last run made as well', async () => {
    await docker.sh(BOX, 'rm /workspace/evil-* /workspace/loops/a');
    const { news } = await collect(site, CACHE, '--dry-run');
    if (news.type !== 'preview') throw new Error(JSON.stringify(news));
    expect(news.preview.dead).toEqual([]);
    const files = news.preview.roots.filter(({ kind }) => kind === 'link').map(({ from }) => from);
    expect(files).toHaveLength(KEPT.length);
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
});

describe('links in a data volume', () => {
  const [awayRepo = '', awayTag = ''] = AWAY_IMAGE.split(':');

  it('whose workspace has no container are kept; if it was removed, for as long as retain', async () => {
    await awayAndGone('/home/work');
  });

  it('are so at /workspace', async () => {
    await awayAndGone('/workspace');
  });

  it('of a workspace that was removed are kept for as long as retain when a collection has seen them', async () => {
    const name = 'lk-seen';
    site.put(name, { cache: CACHE, image: TEST_NIX_IMAGE, storage: { mountPath: '/workspace' } });
    await controller.ready(name);
    const paths = await build(`workspace-${name}`, [[name, root('/workspace/result')]]);
    await collected(site, CACHE);
    await drop(name);
    await collected(site, CACHE);
    expect(await statesOf(paths)).toEqual(['valid']);
    await retain('0s');
    await collected(site, CACHE);
    expect(await statesOf(paths)).toEqual(['gone']);
    await expectKept();
    await retain('1h');
  });

  /** One workspace's container goes, and its image; another workspace is removed before a collection has seen it. */
  async function awayAndGone(mountPath: string): Promise<void> {
    const [away, gone] = ['away', 'gone'].map((what) => `lk-${what}${mountPath.replaceAll('/', '-')}`) as [
      string,
      string,
    ];
    const box = `workspace-${away}`;
    site.put(away, { cache: CACHE, image: AWAY_IMAGE, imagePullPolicy: 'Never', storage: { mountPath } });
    site.put(gone, { cache: CACHE, image: TEST_NIX_IMAGE, storage: { mountPath } });
    await controller.ready(away, gone);
    const behind = `mkdir -p ${mountPath}/d; mv ${mountPath}/behind ${mountPath}/d/; ln -s d/behind ${mountPath}/behind`;
    const paths = await build(box, [
      [`${away}-volume`, root(`${mountPath}/result`)],
      [`${away}-behind`, `${root(`${mountPath}/behind`)}; ${behind}`],
      [`${away}-own`, root('/root/result')],
    ]);
    paths.push(...(await build(`workspace-${gone}`, [[gone, root(`${mountPath}/result`)]])));
    await docker.untag(AWAY_IMAGE);
    await docker.remove(box);
    await drop(gone);
    await controller.until(away, { phase: 'Waiting', reason: 'ImageMissing' }, LONG);
    await collected(site, CACHE);
    expect(await statesOf(paths)).toEqual(['valid', 'valid', 'gone', 'valid']);
    await expectKept();
    await retain('0s');
    // Beside what goes, what is there is kept for as long as it is there.
    await collected(site, CACHE);
    expect(await statesOf(paths)).toEqual(['valid', 'valid', 'gone', 'gone']);
    await expectKept();
    await retain('1h');
    for (const helper of [scannerName(CACHE), volumeProbeName(away), volumeProbeName(gone)])
      expect(await docker.containerOrNull(helper)).toBeNull();
    await docker.tag(TEST_NIX_IMAGE, awayRepo, awayTag);
    await controller.until(away, { phase: 'Ready' }, LONG);
    expect((await docker.sh(box, `cat ${mountPath}/result/words ${mountPath}/behind/words`)).text).toBe(
      `${away}-volume\n${away}-behind`,
    );
    await drop(away);
  }
});

async function retain(value: '0s' | '1h'): Promise<void> {
  putLinksCache(value);
  await eventually(
    async () => expect((await cacheStatus(controller, CACHE)).gc?.config.retainMs).toBe(value === '0s' ? 0 : 3_600_000),
    { withinMs: 30_000 },
  );
}
