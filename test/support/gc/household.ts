// One store with every kind of root alive in it, and with everything that has to go: what a collection is proved on.
import { expect } from '@jest/globals';
import type { GcNews, GcRun } from '../../../controller/model/gc-status.js';
import { eventually } from '../e2e/eventually.js';
import type { Kalpana } from '../e2e/kalpana.js';
import type { Site } from '../e2e/kalpana-site.js';
import { quietly } from '../nix/attacks.js';
import type { TestNixCache } from '../nix/cache.js';
import { TEST_NIX_IMAGE } from '../nix/images.js';
import { cacheObjects, cachePhase, putCache } from '../nix/site.js';
import { BUSYBOX, importStoreImage, trusted } from '../nix/store-images.js';

const LONG = 60_000;

export interface Household {
  readonly cache: string;
  readonly keeper: string;
  /** Of the image that brings a store of its own, without `sha256:`. */
  readonly imageId: string;
  /** Store paths that have to stay with their closures, by the kind of root that keeps them. */
  readonly kept: ReadonlyMap<string, string>;
  /** Containers by what runs in each from a path that nobody declared. */
  readonly processes: ReadonlyMap<string, { readonly container: string; readonly path: string }>;
  /** Store paths that have to go, by what they were. */
  readonly dead: ReadonlyMap<string, string>;
  /** Kept for as long as `retain`: gone after it. */
  readonly retained: ReadonlyMap<string, string>;
  /** More dead ones, for another collection. */
  makeDead(name: string): Promise<string>;
}

/** A program that waits, as a package of its own; it is no other's reference. */
function waiter(name: string): string {
  return `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" "mkdir -p $out/bin; cp /usr/bin/sleep $out/bin/${name}; head -c 100000 /dev/urandom > $out/noise" ]; }`;
}

/** `prefix` begins every name on the engine. The cache keeps what is gone for an hour. */
export async function buildHousehold(
  site: Site,
  controller: Kalpana,
  server: TestNixCache,
  prefix: string,
): Promise<Household> {
  const { docker } = site;
  const cache = prefix;
  const { keeper, volume } = cacheObjects(cache);
  const ws = (name: string) => `${prefix}-${name}`;
  const box = (name: string) => `workspace-${ws(name)}`;
  const fixture = (attribute: string) => server.fixture.paths[attribute] ?? '';
  const imageId = await importStoreImage(docker.host, { reference: `kalpana/${prefix}:1` });
  putHouseCache(site, server, prefix, { imageId, retain: '1h' });

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

  const build = async (container: string, name: string, out: string, user = '0'): Promise<string> => {
    const { text } = await quietly(
      docker,
      container,
      `export HOME=/tmp; nix-build ${out} -E '${waiter(name)}' 2>/tmp/words-$(id -u) || cat /tmp/words-$(id -u)`,
      user,
    );
    const path = text.split('\n').at(-1) ?? '';
    expect(path).toMatch(new RegExp(`^/nix/store/[0-9a-z]{32}-${name}$`));
    return path;
  };

  const kept = new Map<string, string>();
  kept.set('declared by a running workspace', fixture('hello'));
  kept.set('declared by a stopped workspace', fixture('other'));
  kept.set('declared by a paused workspace', fixture('tool'));
  kept.set('declared by a restarting workspace', fixture('sub.inner'));
  kept.set('prewarmed', fixture('twin'));
  kept.set("an image's own store", BUSYBOX);
  kept.set(
    'a link in the data volume of a running workspace',
    await build(box('root'), 'link-root', '-o /workspace/result'),
  );
  await docker.sh(box('user'), 'chmod 777 /workspace');
  kept.set(
    'a link of the same name in another workspace',
    await build(box('user'), 'link-user', '-o /workspace/result', '1000'),
  );
  kept.set(
    'a link in the data volume of a stopped workspace',
    await build(box('stopped'), 'link-stopped', '-o /workspace/result-stopped'),
  );
  kept.set(
    'a link in the container of a running workspace',
    await build(box('root'), 'link-container', '-o /root/result'),
  );
  kept.set(
    'a link in the container of a stopped workspace',
    await build(box('stopped'), 'link-stopped-container', '-o /root/result'),
  );
  kept.set(
    'a link whose name holds spaces and quotes',
    await build(box('root'), 'link-odd', `-o "/workspace/a 'result' of\tmine"`),
  );
  const direnv = await build(box('root'), 'direnv', '--no-out-link');
  await quietly(
    docker,
    box('root'),
    `mkdir -p /workspace/.direnv && nix-env -p /workspace/.direnv/flake-profile --set ${direnv}`,
  );
  kept.set('a direnv profile', direnv);

  const processes = new Map<string, { container: string; path: string }>();
  const run = async (kind: string, container: string, name: string, user: string) => {
    // Built where Nix is allowed to link, and nowhere linked.
    const path = await build(box('root'), name, '--no-out-link');
    // The terminal goes with its shell, which may be before the program has a session of its own.
    const started = await docker.exec(
      container,
      ['sh', '-c', `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid -f ${path}/bin/${name} 100000`],
      user,
    );
    expect(started).toEqual({ code: 0, text: '' });
    await eventually(() => expectRuns(site, kind, container, path), { withinMs: 5_000 });
    processes.set(kind, { container, path });
    kept.set(kind, path);
  };
  await run('a process of root', box('root'), 'process-root', '0');
  await run('a process of uid 1000', box('user'), 'process-user', '1000');
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
      Mounts: [{ Type: 'volume', Source: volume, Target: '/nix', ReadOnly: true }],
    },
  });
  await docker.start(bare);
  await run('a process without capabilities, in a container that is not ours', bare, 'process-bare', '1000');
  // Only its memory tells: the program is a shell from elsewhere.
  const opened = await build(box('root'), 'process-opens', '--no-out-link');
  await docker.exec(
    box('root'),
    ['sh', '-c', `trap '' HUP; exec </dev/null >/dev/null 2>&1; setsid -f sleep 100000 3< ${opened}/noise`],
    '0',
  );
  kept.set('a file that a process holds open', opened);

  const dead = new Map<string, string>();
  const makeDead = async (name: string): Promise<string> => build(box('root'), name, '--no-out-link');
  dead.set('nothing names it', await makeDead('dead'));
  dead.set('its link was deleted', await build(box('root'), 'dead-link', '-o /workspace/result-dead'));
  dead.set('its link leads elsewhere now', await build(box('root'), 'dead-relinked', '-o /workspace/result-moved'));
  kept.set('where a link leads now', await build(box('root'), 'link-moved', '-o /workspace/result-moved'));
  await docker.sh(box('root'), 'rm /workspace/result-dead');
  const leftover = `/nix/store/${'a'.repeat(32)}-leftover`;
  await docker.sh(keeper, `mkdir ${leftover} && head -c 50000 /dev/urandom > ${leftover}/part`);
  dead.set('a download that was cut off', leftover);

  site.put(ws('running'), { cache, packages: ['hello'] });
  await eventually(
    async () =>
      expect(
        (await docker.sh(keeper, `ls /nix/var/nix/profiles/kalpana | grep -c '^${ws('running')}-.*-link'`)).text,
      ).toBe('2'),
    { withinMs: LONG },
  );
  site.drop(`${ws('gone')}.json`);
  await eventually(async () => expect(await docker.containerOrNull(box('gone'))).toBeNull(), { withinMs: LONG });
  site.put(ws('stopped'), { cache, image: TEST_NIX_IMAGE, packages: ['other'], state: 'Stopped' });
  await controller.until(ws('stopped'), { phase: 'Stopped' }, LONG);
  const retained = new Map([
    ['packages of a workspace removed a moment ago', fixture('big1')],
    ['packages that were flipped away a moment ago', fixture('big4')],
  ]);
  return { cache, keeper, imageId, kept, processes, dead, retained, makeDead };
}

export function putHouseCache(
  site: Site,
  server: TestNixCache,
  prefix: string,
  { imageId, retain }: { readonly imageId: string; readonly retain: string },
): void {
  putCache(site, prefix, server, {
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
  await Promise.all([...processes].map(([kind, { container, path }]) => expectRuns(site, kind, container, path)));
}

const VERIFY_ALL = `export NIX_REMOTE=local
verify() { closure=$(nix-store -qR "$@" 2>&1) && printf '%s\\n' "$closure" | xargs nix-store --verify-path 2>&1; }
if words=$(verify $(printf '%s\\n' "$1" | cut -d' ' -f1)); then echo "whole: $(printf '%s\\n' "$1" | wc -l)"; exit; fi
printf '%s\\n' "$1" | while read -r path kind; do words=$(verify "$path") || echo "$kind: $words"; done`;

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
  const { text } = await site.docker.sh(keeper, `ls -d ${[...paths.values()].join(' ')} 2>/dev/null`);
  expect([...paths].filter(([, path]) => text.split('\n').includes(path))).toEqual([]);
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
