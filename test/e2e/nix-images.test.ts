import { beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../../deploy/setup/engine-api.mjs';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';
import {
  BUSYBOX,
  PROFILE,
  REFERENCES,
  STORE_TREE,
  importStoreImage,
  storePath,
  trusted,
} from '../support/nix/store-images.js';

const host = testEngineHost();
const site = createSite('nix-images', host);
const { docker } = site;
const CACHE = 'ni';
const { keeper } = cacheObjects(CACHE);
const LONG = { withinMs: 90_000 };
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(host);
  putCache(site, CACHE, server, { trustedImages: ['trusted/*'] });
  controller = site.start();
});

/** As root in the keeper, past the daemon. */
async function inKeeper(line: string): Promise<string> {
  const { code, text } = await docker.sh(keeper, `export NIX_REMOTE=local HOME=/tmp; ${line}`);
  expect({ line, code, text }).toMatchObject({ code: 0 });
  return text;
}

async function soundStore(): Promise<void> {
  const text = await inKeeper('nix-store --verify --check-contents 2>&1');
  expect(text).not.toMatch(/error|modified|missing|disappeared/i);
}

function ready(name: string) {
  return controller.until(name, { phase: 'Ready' }, LONG.withinMs);
}

/** Other suites on the engine have theirs. */
async function probes(): Promise<string[]> {
  const all = await docker.list('kalpana.type=nix-probe');
  return all.filter((line) => line.includes(site.instance));
}

function imports(name?: string): number {
  return controller
    .logs()
    .filter(
      ({ msg, key, operation }) =>
        msg === 'operation' && String(operation).startsWith('import ') && (name === undefined || key === name),
    ).length;
}

const rootsOf = (image: string) => `/nix/var/nix/gcroots/kalpana/images/${image}`;

describe.each([
  ['without a Nix database', 'ni-plain', false],
  ['with one', 'ni-db', true],
])('a trusted image with a store of its own, %s', (_what, name, database) => {
  const reference = `trusted/${name}:1`;
  let image: string;

  beforeAll(async () => {
    image = await importStoreImage(host, { reference, database, tree: { ...STORE_TREE, '/etc/which': name } });
  });

  it('runs, with its own programs and the packages', async () => {
    site.put(name, { cache: CACHE, image: reference, packages: ['hello'] });
    await ready(name);
    expect(await docker.sh(`workspace-${name}`, 'hello; words; touch /nix/store/x')).toMatchObject({
      text: expect.stringMatching(/^hello from hello 1.0\nwords of the image\n?touch: .*Read-only/s),
    });
    expect(await probes()).toEqual([]);
  });

  it('is in the cache with all its references, and rooted', async () => {
    for (const [path, references] of Object.entries(REFERENCES)) {
      expect({
        path,
        references: (await inKeeper(`nix-store -q --references ${path}`)).split('\n').filter((line) => line !== ''),
      }).toEqual({ path, references });
      expect(await inKeeper(`nix-store -q --roots ${path} | cat`)).toContain(rootsOf(image));
    }
    await soundStore();
    expect(await inKeeper('ls -A /nix/var/kalpana/import 2>/dev/null || true')).toBe('');
  });

  it('is imported once, for other workspaces and other runs of the controller', async () => {
    const inode = await inKeeper(`stat -c %i ${rootsOf(image)}`);
    const second = `${name}-2`;
    site.put(second, { cache: CACHE, image: reference });
    await ready(second);
    expect(imports(second)).toBe(0);
    await controller.kill();
    controller = site.start();
    await ready(name);
    const third = `${name}-3`;
    site.put(third, { cache: CACHE, image: reference });
    await ready(third);
    expect(imports()).toBe(0);
    expect(await inKeeper(`stat -c %i ${rootsOf(image)}`)).toBe(inode);
    for (const gone of [second, third]) site.drop(`${gone}.json`);
    await eventually(
      async () =>
        expect([
          await docker.containerOrNull(`workspace-${second}`),
          await docker.containerOrNull(`workspace-${third}`),
        ]).toEqual([null, null]),
      LONG,
    );
  });

  it('brings its new paths after an upgrade, and the old ones are released when no container is left of it', async () => {
    const news = storePath(`news-${name}`);
    const upgraded = await importStoreImage(host, {
      reference,
      database,
      tree: { ...STORE_TREE, [`${news}/words`]: 'new words' },
    });
    expect(upgraded).not.toBe(image);
    // A tag that moves recreates nothing; a changed spec does, and takes what the tag means now.
    site.put(name, { cache: CACHE, image: reference, packages: ['hello'], env: [{ name: 'ROUND', value: '2' }] });
    await eventually(
      async () => expect((await docker.container(`workspace-${name}`)).Image).toBe(`sha256:${upgraded}`),
      LONG,
    );
    await ready(name);
    expect(await docker.read(`workspace-${name}`, `${news}/words`)).toBe('new words');
    expect(await inKeeper(`nix-store -q --roots ${news} | cat`)).toContain(rootsOf(upgraded));
    await eventually(
      async () => expect(await inKeeper(`ls ${rootsOf(image)} 2>/dev/null || echo released`)).toBe('released'),
      LONG,
    );
    expect(await inKeeper(`nix-store -q --roots ${BUSYBOX} | cat`)).not.toContain(rootsOf(image));
    await soundStore();
  });

  it('lets go of its roots with its last container', async () => {
    site.drop(`${name}.json`);
    await eventually(async () => expect(await inKeeper('ls /nix/var/nix/gcroots/kalpana/images')).toBe(''), LONG);
    expect(await probes()).toEqual([]);
  });
});

describe('an image that is not trusted', () => {
  const reference = 'doubtful/store:1';

  beforeAll(async () => {
    await importStoreImage(host, { reference, tree: { ...STORE_TREE, '/etc/which': 'doubtful' } });
  });

  it('is refused with the remedy, and runs once it is trusted', async () => {
    site.put('ni-doubt', { cache: CACHE, image: reference });
    await controller.until(
      'ni-doubt',
      {
        phase: 'Stalled',
        reason: 'ImageNotTrusted',
        message: expect.stringMatching(/doubtful\/store:1.*trustedImages/),
      },
      LONG.withinMs,
    );
    expect(await docker.containerOrNull('workspace-ni-doubt')).toBeNull();
    expect(await probes()).toEqual([]);
    putCache(site, CACHE, server, { trustedImages: ['trusted/*', 'doubtful/store'] });
    await ready('ni-doubt');
    expect((await docker.sh('workspace-ni-doubt', 'words')).text).toBe('words of the image');
  });

  it('runs on its own store without a cache', async () => {
    const own = await importStoreImage(host, {
      reference: 'doubtful/own:1',
      tree: { ...STORE_TREE, '/etc/which': 'own' },
    });
    site.put('ni-off', { cache: false, image: 'doubtful/own:1' });
    await ready('ni-off');
    expect((await docker.sh('workspace-ni-off', 'words')).text).toBe('words of the image');
    expect((await docker.container('workspace-ni-off')).Mounts.map(({ Destination }) => Destination)).toEqual([
      '/workspace',
    ]);
    expect(await inKeeper(`ls ${rootsOf(own)} 2>/dev/null || echo none`)).toBe('none');
  });
});

describe('a cache that names no image', () => {
  const cache = 'ni-ids';
  const reference = 'kalpana/ni-built:1';
  const refused = { phase: 'Stalled', reason: 'ImageNotTrusted' };
  let built: string;

  beforeAll(async () => {
    putCache(site, cache, server);
    built = await importStoreImage(host, { reference, tree: { ...STORE_TREE, '/etc/which': 'built' } });
  });

  it('trusts none for its name, the one of our own images neither', async () => {
    site.put('ni-name', { cache, image: reference });
    await controller.until('ni-name', refused, LONG.withinMs);
    expect(await docker.containerOrNull('workspace-ni-name')).toBeNull();
    expect(await probes()).toEqual([]);
  });

  it('and then one by its id, takes that in, under another name too', async () => {
    putCache(site, cache, server, trusted(built));
    await ready('ni-name');
    expect((await docker.sh('workspace-ni-name', 'words')).text).toBe('words of the image');
    expect((await docker.container('workspace-ni-name')).Image).toBe(`sha256:${built}`);
    await docker.tag(reference, 'elsewhere/ni-built', '2');
    site.put('ni-elsewhere', { cache, image: 'elsewhere/ni-built:2' });
    await ready('ni-elsewhere');
    expect((await docker.sh('workspace-ni-elsewhere', 'words')).text).toBe('words of the image');
  });

  it('refuses another image that is given the same name', async () => {
    const other = await importStoreImage(host, { reference, tree: { ...STORE_TREE, '/etc/which': 'other' } });
    site.put('ni-other', { cache, image: reference });
    await controller.until('ni-other', refused, LONG.withinMs);
    expect(await docker.containerOrNull('workspace-ni-other')).toBeNull();
    const roots = await docker.sh(cacheObjects(cache).keeper, 'ls /nix/var/nix/gcroots/kalpana/images');
    expect(roots.text).toContain(built);
    expect(roots.text).not.toContain(other);
    expect((await docker.sh('workspace-ni-name', 'words')).text).toBe('words of the image');
  });
});

describe('what an import must not do', () => {
  it('replace a valid path, or take what is none', async () => {
    const hello = server.fixture.paths['hello'] ?? '';
    site.put('ni-valid', { cache: CACHE, packages: ['hello'] });
    await ready('ni-valid');
    const before = await inKeeper(`nix-store -q --hash ${hello}; nix-hash --type sha256 ${hello}`);
    const other = storePath('beside-1.0');
    const image = await importStoreImage(host, {
      reference: 'trusted/clash:1',
      tree: {
        ...STORE_TREE,
        [`${hello}/bin/hello`]: `#!${BUSYBOX}/bin/sh\necho stolen\n`,
        [`${other}/words`]: `beside ${hello}`,
        '/nix/store/.links/0123': 'a leftover',
        '/nix/store/not-a-path/file': 'no store path',
        [`${storePath('left')}.lock`]: '',
        [`${storePath('bad name!')}/file`]: 'a name that Nix has not',
      },
    });
    site.put('ni-clash', { cache: CACHE, image: 'trusted/clash:1', packages: ['hello'] });
    await ready('ni-clash');
    expect((await docker.sh('workspace-ni-clash', 'hello; words')).text).toBe(
      'hello from hello 1.0\nwords of the image',
    );
    expect(await inKeeper(`nix-store -q --hash ${hello}; nix-hash --type sha256 ${hello}`)).toBe(before);
    expect(await inKeeper(`nix-store -q --references ${other}`)).toBe(hello);
    expect((await inKeeper(`ls ${rootsOf(image)}`)).split(/\s+/).sort()).toEqual(
      [...Object.keys(REFERENCES), hello, other].map((path) => path.slice('/nix/store/'.length)).sort(),
    );
    expect(await inKeeper('ls -A /nix/store')).not.toMatch(/not-a-path|bad name|left\.lock/);
    await soundStore();
  });

  it('read through links that lead out of the image', async () => {
    const device = storePath('device-1.0');
    const root = storePath('root-1.0');
    await importStoreImage(host, {
      reference: 'trusted/links:1',
      tree: { ...STORE_TREE, [device]: '-> /dev/zero', [root]: '-> /' },
    });
    site.put('ni-links', { cache: CACHE, image: 'trusted/links:1' });
    await ready('ni-links');
    expect(await inKeeper(`nix-store -q --references ${device} ${root}`)).toBe('');
    expect(await inKeeper(`nix-store -q --roots ${PROFILE} | cat`)).toContain(rootsOf(''));
  });
});

describe('an import that is cut short', () => {
  /** So many paths that there is time for a blow. */
  const MANY: Record<string, string> = { ...STORE_TREE };
  for (let index = 0; index < 120; index += 1)
    MANY[`${storePath(`many-${index}`)}/text`] = `many ${storePath(`many-${index + 1}`)}`;
  MANY[`${storePath('many-120')}/text`] = 'the end';

  it('by the death of the keeper goes on with the next, and nothing is half valid', async () => {
    const image = await importStoreImage(host, { reference: 'trusted/many:1', tree: MANY });
    site.put('ni-many', { cache: CACHE, image: 'trusted/many:1' });
    await eventually(
      async () => expect((await docker.sh(keeper, 'ls /nix/var/kalpana/import/*/nix/store')).code).toBe(0),
      LONG,
    );
    const { Id } = await docker.container(keeper);
    await docker.kill(keeper);
    await ready('ni-many');
    expect((await docker.container(keeper)).Id).toBe(Id);
    expect((await inKeeper(`ls ${rootsOf(image)} | wc -l`)).trim()).toBe(String(121 + Object.keys(REFERENCES).length));
    expect(await inKeeper(`nix-store -qR ${storePath('many-0')} | wc -l`)).toBe('121');
    await soundStore();
    expect(await inKeeper('ls -A /nix/var/kalpana/import 2>/dev/null || true')).toBe('');
  });

  it('by the death of the controller goes on with the next one', async () => {
    const more = Object.fromEntries(
      Object.entries(MANY).map(([path, content]) => [
        path.replace('-many-', '-more-'),
        content.replace('-many-', '-more-'),
      ]),
    );
    const image = await importStoreImage(host, { reference: 'trusted/more:1', tree: more });
    site.put('ni-more', { cache: CACHE, image: 'trusted/more:1' });
    await eventually(
      async () => expect((await docker.sh(keeper, 'ls /nix/var/kalpana/import/*/nix/store')).code).toBe(0),
      LONG,
    );
    await controller.kill();
    controller = site.start();
    await ready('ni-more');
    expect((await inKeeper(`ls ${rootsOf(image)} | wc -l`)).trim()).toBe(String(121 + Object.keys(REFERENCES).length));
    await soundStore();
    expect(await probes()).toEqual([]);
  });

  it('by a killed controller whose workspace is gone meanwhile leaves nothing', async () => {
    await importStoreImage(host, { reference: 'trusted/gone:1', tree: { ...MANY, '/etc/which': 'gone' } });
    site.put('ni-gone', { cache: CACHE, image: 'trusted/gone:1' });
    await eventually(async () => expect(await probes()).not.toEqual([]), LONG);
    await controller.kill();
    site.drop('ni-gone.json');
    controller = site.start();
    await cachePhase(controller, CACHE, 'Ready');
    await eventually(async () => expect(await probes()).toEqual([]), LONG);
  });
});

describe('a volume that is full', () => {
  it('is told, and the import goes on when there is room; what it had copied does not stay', async () => {
    const cache = 'ni-small';
    const small = cacheObjects(cache);
    await call(host, 'POST', '/volumes/create', {
      body: {
        Name: small.volume,
        // Nix 2.34 reserves 8 MB for its own collections, in the volume's store and in an import's.
        DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=32m' },
        Labels: { 'kalpana.shared': 'true', 'kalpana.managed': 'true', 'kalpana.type': 'nix-cache' },
      },
    });
    putCache(site, cache, server, { trustedImages: ['trusted/*'] });
    site.put('ni-first', { cache });
    await ready('ni-first');
    await cachePhase(controller, cache, 'Ready');
    const fill = 'head -c 40000000 /dev/zero > /nix/ballast; truncate -s -1500000 /nix/ballast';
    await eventually(
      async () =>
        expect(await docker.sh(small.keeper, fill)).toMatchObject({
          code: 0,
          text: expect.stringMatching(/no space left/i),
        }),
      LONG,
    );
    await importStoreImage(host, { reference: 'trusted/full:1', tree: { ...STORE_TREE, '/etc/which': 'full' } });
    site.put('ni-full', { cache, image: 'trusted/full:1' });
    await controller.until(
      'ni-full',
      { reason: 'CacheDiskFull', message: expect.stringMatching(/no space left|disk is full/i) },
      LONG.withinMs,
    );
    expect(await docker.containerOrNull('workspace-ni-full')).toBeNull();
    await eventually(
      async () => expect((await docker.sh(small.keeper, 'ls -A /nix/var/kalpana/import')).text).toBe(''),
      LONG,
    );
    expect((await docker.sh(small.keeper, 'rm /nix/ballast')).code).toBe(0);
    await ready('ni-full');
    expect((await docker.sh('workspace-ni-full', 'words')).text).toBe('words of the image');
  });
});
