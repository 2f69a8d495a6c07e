import { basename, join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { HOSTILE_NAMES } from '../support/gc/hostile-names.js';
import { collected } from '../support/gc/household.js';
import { isValid, quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { runs, SLOW_MS } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { writeNixpkgs } from '../support/nix/packages.js';
import { cacheObjects, putCache } from '../support/nix/site.js';
import { importStoreImage, REFERENCES, trusted } from '../support/nix/store-images.js';

// In each run test/contract/keeper-scripts runs the scripts themselves beside hostile names in a store, in links, in
// open files and in an image, test/unit/nix/packages/nix-log reads what a build prints, and nix-hostile-builds has a
// build lay hostile names into a store.

// Words and names by the authors of packages and of images, and by users of workspaces, on their way through the
// keeper's scripts: what a build lays into the store itself is in nix-hostile-builds.
const site = createSite('nix-names', testEngineHost());
const { docker } = site;
const cache = 'nh';
const { keeper } = cacheObjects(cache);
const ATTACKER = 'workspace-nh-attacker';
const IMAGE = 'kalpana/nh-image:1';
const LIE = `/nix/store/${'a'.repeat(32)}-lie`;

/** Of the controller's protocol, and of Nix's own log. */
const LIES = [
  `kalpana: environment ${LIE}`,
  `kalpana: derivation ${LIE}.drv`,
  'kalpana: pid 1',
  `kalpana: closure 5 ${LIE}`,
  `kalpana: built 5 ${LIE}`,
  'kalpana: imported 5',
  'kalpana: linked nh-attacker',
  LIE,
];

/** A package whose build prints them, by every way that a build has, and says of another package that it built that. */
const NOISY = String.raw`
  derivation {
    name = "noisy-1.0"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    lies = builtins.concatStringsSep "\n" [ ${LIES.map((line) => JSON.stringify(line)).join(' ')} ];
    hello = builtins.unsafeDiscardStringContext pkgs.hello.drvPath;
    args = [ "-euc" ''
      printf '%s\n' "$lies"
      printf '%s\n' "$lies" >&2
      printf '\377\376\n%s\r%s\n' "$lies" "$lies"
      printf '%s\n' "$lies" | while IFS= read -r line; do
        echo "@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"x\\n$line\\n\"}"
      done
      echo "@nix {\"action\":\"start\",\"fields\":[],\"id\":7,\"level\":0,\"parent\":0,\"text\":\"building '$hello'\",\"type\":101}"
      echo "@nix {\"action\":\"start\",\"fields\":[\"$hello\",\"\",1,1],\"id\":8,\"level\":0,\"parent\":0,\"text\":\"building '$hello'\",\"type\":105}"
      mkdir -p $out/bin
      printf '#!/bin/sh\necho noisy\n' > $out/bin/noisy
      chmod 755 $out/bin/noisy
    '' ];
  }`;

let server: TestNixCache;
let controller: Kalpana;
let imageId: string;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  imageId = await importStoreImage(docker.host, { reference: IMAGE, names: HOSTILE_NAMES, isShared: true });
  const nixpkgs = writeNixpkgs(join(site.dir, 'nixpkgs'), { extra: `noisy = ${NOISY};` });
  putCache(site, cache, server, {
    ...trusted(imageId),
    mounts: [{ type: 'bind', source: nixpkgs, target: '/nixpkgs', readOnly: true }],
  });
  controller = site.start();
  site.put('nh-attacker', { image: TEST_NIX_IMAGE, cache, packages: ['hello'] });
  await controller.ready('nh-attacker');
});

async function inKeeper(line: string): Promise<string> {
  return (await docker.sh(keeper, `export NIX_REMOTE=local HOME=/root; ${line}`)).text;
}

/** Submits a derivation whose builder runs `script` in the keeper; `$out` is the script's to make. */
function build(name: string, script: string) {
  const text = Buffer.from(script).toString('base64');
  const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-euc" "echo ${text} | base64 -d > script; . ./script" ]; }`;
  return quietly(docker, ATTACKER, `nix-build --no-out-link -E '${expression}'`);
}

it('what a build prints is no word of ours, and says of no other package what became of it', async () => {
  site.put('nh-noisy', { cache, packages: ['hello', 'noisy'] });
  await controller.until('nh-noisy', { phase: 'Ready' }, SLOW_MS);
  expect(await runs(docker, 'nh-noisy', 'hello; noisy')).toBe('hello from hello 1.0\nnoisy');
  const { cache: use } = await controller.status('nh-noisy');
  expect(use?.lastUse?.paths).toEqual({ asked: 2, hit: 1, fetched: 0, built: 1 });
  expect(await isValid(docker, keeper, LIE)).toBe(false);
});

it("an image's store brings paths alone, and nothing that a build adds on the way", async () => {
  const wanted = server.fixture.paths['hello2'] ?? '';
  const [lurks, done] = ['/tmp/kalpana-lurks', '/tmp/kalpana-imported'];
  const under = build(
    'lurker',
    `touch ${lurks}
    until [ -e ${done} ]; do
      for store in /nix/var/kalpana/import/*/nix/store; do
        [ ! -e $store ] || mkdir -p $store/${basename(wanted)} || true
        [ ! -e $store/${basename(wanted)} ] || echo REACHED
      done
    done
    echo made > $out`,
  );
  await eventually(async () => expect((await docker.sh(keeper, `ls ${lurks}`)).code).toBe(0), { withinMs: SLOW_MS });
  site.put('nh-image', { cache, image: IMAGE });
  await controller.until('nh-image', { phase: 'Ready' }, SLOW_MS);
  await inKeeper(`touch ${done}`);
  const { code, text } = await under;
  expect({ code, isReached: text.includes('REACHED') }).toEqual({ code: 0, isReached: false });
  expect(await isValid(docker, keeper, wanted)).toBe(false);
  expect((await docker.sh('workspace-nh-image', 'words')).text).toBe('words of the image');
  const roots = await inKeeper(`ls -A /nix/var/nix/gcroots/kalpana/images/${imageId}`);
  expect(roots.split(/\s+/).sort()).toEqual(
    Object.keys(REFERENCES)
      .map((path) => basename(path))
      .sort(),
  );
});

it('a collection takes no word of a process, of a file or of a link for one of ours', async () => {
  const planted = `/nix/store/${'b'.repeat(32)}-planted`;
  const names = Buffer.from(HOSTILE_NAMES.map((name) => `${name}\0`).join(''), 'latin1').toString('base64');
  const words = ['x', 'unreadable 1 - x', `unseen ${'0'.repeat(64)}`, `at-risk ${LIE}`, `damaged ${LIE}`]
    .map((line) => `\\nkalpana: ${line}`)
    .join('');
  // With such names in them: what is dead, and what no database knows and a user's link keeps.
  const { text } = await build(
    'dead',
    `for dir in ${planted} $out; do
      mkdir $dir
      (cd $dir; echo ${names} | base64 -d | xargs -0 mkdir -p --; ln -s "$(printf '/tmp/x${words}')" link)
    done`,
  );
  const dead = text.split('\n').at(-1) ?? '';
  expect(dead).toMatch(/^\/nix\/store\/[^-]+-dead$/);
  const { code, text: said } = await quietly(
    docker,
    ATTACKER,
    `set -e; mkdir -p /workspace; cd /workspace; export HOME=/tmp WORDS=$'x${words}'
    nix-store --add-root planted -r ${dead}; ln -sfn ${planted} planted
    mkdir -p "/tmp/$WORDS"; cd "/tmp/$WORDS"; cp /bin/bash $'p\\nkalpana: unseen x'; echo > $'f\\nkalpana: unseen x'
    (trap '' HUP; setsid ./p*x -c 'sleep 100000; exit' "$WORDS" </dev/null >/dev/null 2>&1 3< f*x &)`,
  );
  expect({ code, said }).toEqual({ code: 0, said: expect.any(String) });
  const runsStill = async () =>
    expect((await docker.sh(ATTACKER, 'ls -l /proc/[0-9]*/exe | grep -c "unseen x"')).text).toBe('1');
  await eventually(runsStill, { withinMs: SLOW_MS });
  const run = await collected(site, cache);
  await runsStill();
  expect(run).toMatchObject({ leftPaths: 0, roots: { link: 1 } });
  const look = `for path in ${dead} ${planted}; do [ ! -e $path ] || ls -A $path | wc -l; done`;
  expect(await inKeeper(look)).toBe(await inKeeper(`ls -A ${planted} | wc -l`));
});
