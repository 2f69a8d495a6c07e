// One store with every kind of root alive in it, and with everything that has to go: what a collection is proved on.
import { expect } from '@jest/globals';
import type { GcNews, GcRun } from '../../../controller/model/gc-status.js';
import type { Docker } from '../e2e/docker.js';
import { eventually } from '../e2e/eventually.js';
import type { Kalpana } from '../e2e/kalpana.js';
import type { Site } from '../e2e/kalpana-site.js';
import { quietly } from '../nix/attacks.js';
import type { TestNixCache } from '../nix/cache.js';
import { KEEPER_IMAGE, TEST_NIX_IMAGE } from '../nix/images.js';
import { cacheObjects, cachePhase, putCache } from '../nix/site.js';
import { BUSYBOX, importStoreImage, trusted } from '../nix/store-images.js';

const LONG = 60_000;
const PATHS_AT_ONCE = 1_000;

type Processes = ReadonlyMap<string, { readonly container: string; readonly path: string }>;

export interface Household {
  readonly cache: string;
  readonly keeper: string;
  /** Of the image that brings a store of its own, without `sha256:`. */
  readonly imageId: string;
  /** Store paths that have to stay with their closures, by the kind of root that keeps them. */
  readonly kept: ReadonlyMap<string, string>;
  /** Containers by what runs in each from a path that nobody declared. */
  readonly processes: Processes;
  /** Store paths that have to go, by what they were. */
  readonly dead: ReadonlyMap<string, string>;
  /** Kept for as long as `retain`: gone after it. */
  readonly retained: ReadonlyMap<string, string>;
  /** More dead ones, for another collection. */
  makeDead(name: string): Promise<string>;
}

/** A program that waits, as a package of its own; it is no other's reference. */
function waiter(name: string): string {
  return `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir -p $out/bin; cp /usr/bin/sleep $out/bin/${name}; head -c 100000 /dev/urandom > $out/noise; exit 0" ]; }`;
}

/** Builds packages of these names, all at once; gives their paths by name. Nothing keeps them yet. */
async function buildAll(
  docker: Docker,
  container: string,
  names: readonly string[],
  user = '0',
): Promise<ReadonlyMap<string, string>> {
  const list = names.map((name) => `(${waiter(name)})`).join(' ');
  const words = '/tmp/words-$(id -u)';
  const { text } = await quietly(
    docker,
    container,
    `export HOME=/tmp; nix-build --no-out-link -E '[ ${list} ]' 2>${words} || cat ${words}`,
    user,
  );
  const lines = text.split('\n');
  const found = names.map((name) => [name, lines.find((line) => isStorePathOf(line, name))] as const);
  expect({ missing: found.filter(([, path]) => path === undefined).map(([name]) => name), text }).toEqual({
    missing: [],
    text,
  });
  return new Map(found.map(([name, path]) => [name, path ?? '']));
}

const isStorePathOf = (line: string, name: string): boolean =>
  new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`).test(line);

/** Makes links that Nix knows, one after the other: each a file, as a shell reads it, and where it leads. */
async function linkAll(
  docker: Docker,
  container: string,
  links: readonly (readonly [string, string])[],
  user = '0',
): Promise<void> {
  const lines = links.map(([file, path]) => `nix-store --add-root ${file} -r ${path}`);
  const { code, text } = await quietly(docker, container, ['export HOME=/tmp', ...lines].join(' && '), user);
  expect({ code, text }).toEqual({ code: 0, text: expect.any(String) });
}

interface Kin {
  readonly site: Site;
  readonly prefix: string;
  readonly kept: Map<string, string>;
}

const boxOf = (prefix: string, name: string): string => `workspace-${prefix}-${name}`;

/** Users of the store that built by themselves; gives what nothing of theirs keeps, by its name. */
async function buildByUsers({ site: { docker }, prefix, kept }: Kin): Promise<(name: string) => string> {
  const box = (name: string) => boxOf(prefix, name);
  const own = await buildAll(docker, box('root'), [
    ...['link-root', 'link-container', 'link-odd', 'link-moved', 'direnv'],
    ...['process-root', 'process-user', 'process-bare', 'process-opens'],
    ...['dead', 'dead-link', 'dead-relinked'],
  ]);
  const path = (name: string) => own.get(name) ?? '';
  await linkAll(docker, box('root'), [
    ['/workspace/result', path('link-root')],
    ['/root/result', path('link-container')],
    [`"/workspace/a 'result' of\tmine"`, path('link-odd')],
    ['/workspace/result-dead', path('dead-link')],
    ['/workspace/result-moved', path('dead-relinked')],
    ['/workspace/result-moved', path('link-moved')],
  ]);
  const direnv = `mkdir -p /workspace/.direnv && nix-env -p /workspace/.direnv/flake-profile --set ${path('direnv')}`;
  await quietly(docker, box('root'), `rm /workspace/result-dead && ${direnv}`);
  kept.set('a link in the data volume of a running workspace', path('link-root'));
  kept.set('a link in the container of a running workspace', path('link-container'));
  kept.set('a link whose name holds spaces and quotes', path('link-odd'));
  kept.set('where a link leads now', path('link-moved'));
  kept.set('a direnv profile', path('direnv'));

  await docker.sh(box('user'), 'chmod 777 /workspace');
  const users = await buildAll(docker, box('user'), ['link-user'], '1000');
  await linkAll(docker, box('user'), [['/workspace/result', users.get('link-user') ?? '']], '1000');
  kept.set('a link of the same name in another workspace', users.get('link-user') ?? '');

  const stopped = await buildAll(docker, box('stopped'), ['link-stopped', 'link-stopped-container']);
  await linkAll(docker, box('stopped'), [
    ['/workspace/result-stopped', stopped.get('link-stopped') ?? ''],
    ['/root/result', stopped.get('link-stopped-container') ?? ''],
  ]);
  kept.set('a link in the data volume of a stopped workspace', stopped.get('link-stopped') ?? '');
  kept.set('a link in the container of a stopped workspace', stopped.get('link-stopped-container') ?? '');
  return path;
}

/** Starts a process of each kind from a path that nobody has declared, and that nothing else keeps. */
async function startProcesses({ site, prefix, kept }: Kin, path: (name: string) => string): Promise<Processes> {
  const { docker } = site;
  const bare = `${prefix}-bare`;
  site.owns(bare);
  await docker.create(bare, {
    Image: TEST_NIX_IMAGE,
    User: '1000',
    Cmd: ['sleep', '100000'],
    HostConfig: {
      Init: true,
      CapDrop: ['ALL'],
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: cacheObjects(prefix).volume, Target: '/nix', ReadOnly: true }],
    },
  });
  await docker.start(bare);
  const processes = new Map<string, { container: string; path: string }>();
  const run = async (kind: string, container: string, name: string, user: string, more = '') => {
    // The terminal goes with its shell, which may be before the program has a session of its own.
    const started = await docker.exec(
      container,
      ['sh', '-c', `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid -f ${path(name)}/bin/${name} 100000${more}`],
      user,
    );
    expect(started).toEqual({ code: 0, text: '' });
    processes.set(kind, { container, path: path(name) });
    kept.set(kind, path(name));
  };
  // Of the second one only its memory tells: the program is a shell's from elsewhere.
  const opens = `; setsid -f sleep 100000 3< ${path('process-opens')}/noise`;
  await run('a process of root', boxOf(prefix, 'root'), 'process-root', '0', opens);
  kept.set('a file that a process holds open', path('process-opens'));
  await run('a process of uid 1000', boxOf(prefix, 'user'), 'process-user', '1000');
  await run('a process without capabilities, in a container that is not ours', bare, 'process-bare', '1000');
  await eventually(() => expectRunning(site, processes), { withinMs: 5_000 });
  return processes;
}

/** Packages are let go of, a workspace goes, and another one stops. */
async function letGo(site: Site, controller: Kalpana, { prefix, keeper }: { prefix: string; keeper: string }) {
  const ws = (name: string) => `${prefix}-${name}`;
  const cache = prefix;
  site.put(ws('running'), { cache, packages: ['hello'] });
  site.drop(`${ws('gone')}.json`);
  site.put(ws('stopped'), { cache, image: TEST_NIX_IMAGE, packages: ['other'], state: 'Stopped' });
  const generations = `ls /nix/var/nix/profiles/kalpana | grep -c '^${ws('running')}-.*-link'`;
  await eventually(async () => expect((await site.docker.sh(keeper, generations)).text).toBe('2'), { withinMs: LONG });
  await eventually(async () => expect(await site.docker.containerOrNull(boxOf(prefix, 'gone'))).toBeNull(), {
    withinMs: LONG,
  });
  await controller.until(ws('stopped'), { phase: 'Stopped' }, LONG);
}

/**
 * `prefix` begins every name on the engine, and is the cache's; `image` is its keeper's. The cache keeps what is gone
 * for an hour.
 */
export async function buildHousehold(
  site: Site,
  controller: Kalpana,
  server: TestNixCache,
  prefix: string,
  image = KEEPER_IMAGE,
): Promise<Household> {
  const { docker } = site;
  const cache = prefix;
  const { keeper } = cacheObjects(cache);
  const ws = (name: string) => `${prefix}-${name}`;
  const fixture = (attribute: string) => server.fixture.paths[attribute] ?? '';
  const imageId = await importStoreImage(docker.host, { reference: `kalpana/${prefix}:1` });
  putHouseCache(site, server, prefix, { imageId, retain: '1h', image });

  site.put(ws('running'), { cache, packages: ['hello', 'big4'] });
  site.put(ws('stopped'), { cache, image: TEST_NIX_IMAGE, packages: ['other'] });
  site.put(ws('paused'), { cache, packages: ['tool'] });
  site.put(ws('restarting'), { cache, packages: ['sub.inner'], command: ['sh', '-c', 'sleep 2; exit 1'] });
  site.put(ws('image'), { cache, image: `kalpana/${prefix}:1` });
  site.put(ws('root'), { cache, image: TEST_NIX_IMAGE });
  site.put(ws('user'), { cache, image: TEST_NIX_IMAGE });
  site.put(ws('gone'), { cache, packages: ['big1'] });
  await controller.ready(ws('running'), ws('stopped'), ws('paused'), ws('image'), ws('root'), ws('user'), ws('gone'));
  await cachePhase(controller, cache, 'Ready');

  const kept = new Map<string, string>();
  kept.set('declared by a running workspace', fixture('hello'));
  kept.set('declared by a stopped workspace', fixture('other'));
  kept.set('declared by a paused workspace', fixture('tool'));
  kept.set('declared by a restarting workspace', fixture('sub.inner'));
  kept.set('prewarmed', fixture('twin'));
  kept.set("an image's own store", BUSYBOX);
  const path = await buildByUsers({ site, prefix, kept });
  const processes = await startProcesses({ site, prefix, kept }, path);

  const dead = new Map<string, string>();
  dead.set('nothing names it', path('dead'));
  dead.set('its link was deleted', path('dead-link'));
  dead.set('its link leads elsewhere now', path('dead-relinked'));
  const leftover = `/nix/store/${'a'.repeat(32)}-leftover`;
  await docker.sh(keeper, `mkdir ${leftover} && head -c 50000 /dev/urandom > ${leftover}/part`);
  dead.set('a download that was cut off', leftover);

  await letGo(site, controller, { prefix, keeper });
  const retained = new Map([
    ['packages of a workspace removed a moment ago', fixture('big1')],
    ['packages that were flipped away a moment ago', fixture('big4')],
  ]);
  const makeDead = async (name: string): Promise<string> =>
    (await buildAll(docker, boxOf(prefix, 'root'), [name])).get(name) ?? '';
  return { cache, keeper, imageId, kept, processes, dead, retained, makeDead };
}

export function putHouseCache(
  site: Site,
  server: TestNixCache,
  prefix: string,
  {
    imageId,
    retain,
    image = KEEPER_IMAGE,
  }: { readonly imageId: string; readonly retain: string; readonly image?: string },
): void {
  putCache(site, prefix, server, {
    image,
    ...trusted(imageId),
    prewarm: ['twin'],
    gc: { schedule: '0 4 1 1 *', retain },
  });
}

/** `kalpana gc`; gives the last news. */
export async function collect(
  site: Site,
  cache: string,
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly err: string; readonly news: GcNews }> {
  const { code, out, err } = await site.command('gc', cache, '--state-dir', site.state, '-o', 'json', ...flags);
  const news = (JSON.parse(out || '[]') as GcNews[]).at(-1);
  if (news === undefined) throw new Error(`no news: ${err}`);
  return { code: code ?? -1, err, news };
}

/** A collection that has to succeed. */
export async function collected(site: Site, cache: string): Promise<GcRun> {
  const { news, err } = await collect(site, cache);
  if (news.type !== 'run') throw new Error(`${JSON.stringify(news)} ${err}`);
  expect(news.run).toMatchObject({ result: 'success', failure: null });
  return news.run;
}

/** Every root's closure is whole, to the last byte, and every process runs. */
export async function expectWhole(
  site: Site,
  { keeper, kept, processes }: Household,
  more: readonly string[] = [],
): Promise<void> {
  const roots = [...kept, ...more.map((path) => ['more', path] as const)];
  // One command for all: some twenty rows, looked at again and again. Only what is not whole is told.
  const rows = roots.map(([kind, path]) => `${path} ${kind}`).join('\n');
  const { text } = await site.docker.exec(keeper, ['sh', '-c', VERIFY_ALL, 'verify', rows]);
  expect(text).toBe(`whole: ${roots.length}`);
  await expectRunning(site, processes);
}

const VERIFY_ALL = `export NIX_REMOTE=local
verify() { closure=$(nix-store -qR "$@" 2>&1) && printf '%s\\n' "$closure" | xargs nix-store --verify-path 2>&1; }
if words=$(verify $(printf '%s\\n' "$1" | cut -d' ' -f1)); then echo "whole: $(printf '%s\\n' "$1" | wc -l)"; exit; fi
printf '%s\\n' "$1" | while read -r path kind; do words=$(verify "$path") || echo "$kind: $words"; done`;

async function expectRunning(site: Site, processes: Processes): Promise<void> {
  await Promise.all([...processes].map(([kind, { container, path }]) => expectRuns(site, kind, container, path)));
}

/** Its own arguments are its program's path: those anybody may read. */
async function expectRuns(site: Site, kind: string, container: string, path: string): Promise<void> {
  const { text } = await site.docker.exec(
    container,
    ['sh', '-c', `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^${path}/bin/'`],
    '0',
  );
  expect({ kind, text }).toEqual({ kind, text: '1' });
}

export async function expectGone(site: Site, keeper: string, paths: ReadonlyMap<string, string>): Promise<void> {
  const all = [...new Set(paths.values())];
  const left = new Set<string>();
  // One argument of a program holds 128 KiB: some two thousand paths.
  for (let from = 0; from < all.length; from += PATHS_AT_ONCE) {
    const names = all.slice(from, from + PATHS_AT_ONCE).join(' ');
    const { text } = await site.docker.sh(keeper, `ls -1d ${names} 2>/dev/null; echo looked`);
    const lines = text.split('\n');
    expect(lines.at(-1)).toBe('looked');
    for (const path of lines) left.add(path);
  }
  expect([...paths].filter(([, path]) => left.has(path))).toEqual([]);
}

/** Bytes of the store on the disk; hard links count once. */
export async function diskBytes(site: Site, keeper: string): Promise<number> {
  return 1024 * Number((await site.docker.sh(keeper, 'du -sk /nix/store | cut -f1')).text);
}

/** So many paths that nothing names, made at once. */
export async function addDead(site: Site, cache: string, count: number, key = ''): Promise<string[]> {
  const line = `export NIX_REMOTE=local; dir=$(mktemp -d); for i in $(seq ${count}); do echo ${key} $dir $i > $dir/dead-$i; done; nix-store --add $dir/*; rm -rf $dir`;
  const paths = (await site.docker.sh(cacheObjects(cache).keeper, line)).text.split('\n');
  expect(paths).toHaveLength(count);
  return paths;
}

/** No container is left of those that the site's collections make. */
export async function expectNoHelpers(site: Site): Promise<void> {
  const all = await site.docker.list(`kalpana.cache-owner=${site.instance}`);
  expect(all.filter((line) => /^kalpana-nix-(scanner|volume-probe)-/.test(line))).toEqual([]);
}
