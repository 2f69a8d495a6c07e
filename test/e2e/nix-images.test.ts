import { beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cachePhase, putCache } from '../support/nix/site.js';
import { BUSYBOX, REFERENCES, STORE_TREE, importStoreImage, storePath } from '../support/nix/store-images.js';

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

/** By this run of the controller. */
function imports(): number {
  return controller
    .logs()
    .filter(({ msg, operation }) => msg === 'operation' && String(operation).startsWith('import ')).length;
}

const rootsOf = (image: string) => `/nix/var/nix/gcroots/kalpana/images/${image}`;
/** Ids of images of which no container is left. */
const left: string[] = [];

/** A trusted image with a store of its own, from its import to an upgrade. */
function imported(name: string, database: boolean): void {
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
      const text = await inKeeper(`nix-store -q --references ${path}; echo roots:; nix-store -q --roots ${path} | cat`);
      const [told = '', roots = ''] = text.split('roots:');
      expect({ path, references: told.split('\n').filter((line) => line !== '') }).toEqual({ path, references });
      expect(roots).toContain(rootsOf(image));
    }
    expect(await inKeeper('ls -A /nix/var/kalpana/import 2>/dev/null || true')).toBe('');
  });

  it('is imported once, for other workspaces and other runs of the controller', async () => {
    const inode = await inKeeper(`stat -c %i ${rootsOf(image)}`);
    await controller.kill();
    controller = site.start();
    site.put(`${name}-2`, { cache: CACHE, image: reference });
    await ready(`${name}-2`);
    await ready(name);
    expect(imports()).toBe(0);
    expect(await inKeeper(`stat -c %i ${rootsOf(image)}`)).toBe(inode);
    site.drop(`${name}-2.json`);
  });

  it('brings its new paths after an upgrade', async () => {
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
    left.push(image);
  });
}

describe('a trusted image with a store of its own', () => imported('ni-plain', false));

inLongRuns('the same without a database; an image with one, below', () =>
  describe('a trusted image with a store of its own and a Nix database', () => {
    imported('ni-db', true);

    it('lets go of its roots with its last container', async () => {
      site.drop('ni-plain.json');
      await eventually(async () => expect(await docker.containerOrNull('workspace-ni-plain')).toBeNull(), LONG);
      site.drop('ni-db.json');
      await eventually(async () => expect(await inKeeper('ls /nix/var/nix/gcroots/kalpana/images')).toBe(''), LONG);
      expect(await probes()).toEqual([]);
    });
  }),
);

describe('an image that is not trusted', () => {
  /** Of the name of our own images, which is no reason to trust one. */
  const reference = 'kalpana/ni-built:1';
  const refused = { phase: 'Stalled', reason: 'ImageNotTrusted' };
  let built: string;

  beforeAll(async () => {
    built = await importStoreImage(host, { reference, tree: { ...STORE_TREE, '/etc/which': 'built' } });
  });

  it('is refused with the remedy, and runs once it is trusted by its id, under another name too', async () => {
    site.put('ni-name', { cache: CACHE, image: reference });
    await controller.until(
      'ni-name',
      { ...refused, message: expect.stringMatching(/kalpana\/ni-built:1.*trustedImages/) },
      LONG.withinMs,
    );
    expect(await docker.containerOrNull('workspace-ni-name')).toBeNull();
    expect(await probes()).toEqual([]);
    putCache(site, CACHE, server, { trustedImages: ['trusted/*', `sha256:${built}`] });
    await ready('ni-name');
    expect((await docker.container('workspace-ni-name')).Image).toBe(`sha256:${built}`);
    const before = imports();
    await docker.tag(reference, 'elsewhere/ni-built', '2');
    site.put('ni-elsewhere', { cache: CACHE, image: 'elsewhere/ni-built:2' });
    await ready('ni-elsewhere');
    expect((await docker.sh('workspace-ni-elsewhere', 'words')).text).toBe('words of the image');
    expect(imports()).toBe(before);
  });

  it('is another one that is given the same name; without a cache that runs, on its own store', async () => {
    const other = await importStoreImage(host, { reference, tree: { ...STORE_TREE, '/etc/which': 'other' } });
    site.put('ni-other', { cache: CACHE, image: reference });
    site.put('ni-off', { cache: false, image: reference });
    await controller.until('ni-other', refused, LONG.withinMs);
    expect(await docker.containerOrNull('workspace-ni-other')).toBeNull();
    expect((await docker.sh('workspace-ni-name', 'words')).text).toBe('words of the image');
    await ready('ni-off');
    expect((await docker.sh('workspace-ni-off', 'words')).text).toBe('words of the image');
    expect((await docker.container('workspace-ni-off')).Mounts.map(({ Destination }) => Destination)).toEqual([
      '/workspace',
    ]);
    const roots = await inKeeper('ls /nix/var/nix/gcroots/kalpana/images');
    expect(roots).toContain(built);
    expect(roots).not.toContain(other);
  });
});

describe('what an import must not do', () => {
  it('replace a valid path, take what is none, or read through links that lead out of the image', async () => {
    const hello = server.fixture.paths['hello'] ?? '';
    // A workspace above has it.
    const before = await inKeeper(`nix-store -q --hash ${hello}; nix-hash --type sha256 ${hello}`);
    const [other, device, root] = [storePath('beside-1.0'), storePath('device-1.0'), storePath('root-1.0')];
    const image = await importStoreImage(host, {
      reference: 'trusted/clash:1',
      // Its own database knows nothing of what is beside.
      database: true,
      tree: {
        ...STORE_TREE,
        [`${hello}/bin/hello`]: `#!${BUSYBOX}/bin/sh\necho stolen\n`,
        [`${other}/words`]: `beside ${hello}`,
        [device]: '-> /dev/zero',
        [root]: '-> /',
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
    expect(await inKeeper(`nix-store -q --references ${device} ${root}`)).toBe('');
    expect((await inKeeper(`ls ${rootsOf(image)}`)).split(/\s+/).sort()).toEqual(
      [...Object.keys(REFERENCES), hello, other, device, root].map((path) => path.slice('/nix/store/'.length)).sort(),
    );
    expect(await inKeeper('ls -A /nix/store')).not.toMatch(/not-a-path|bad name|left\.lock/);
    await soundStore();
  });
});

inLongRuns('simulation caches: an image with a store of its own, killed at every call', () =>
  describe('an import that is cut short', () => {
    /** So many paths that there is time for a blow. */
    const MANY: Record<string, string> = { ...STORE_TREE };
    const COUNT = 40;
    for (let index = 0; index < COUNT; index += 1)
      MANY[`${storePath(`many-${index}`)}/text`] = `many ${storePath(`many-${index + 1}`)}`;
    MANY[`${storePath(`many-${COUNT}`)}/text`] = 'the end';

    /** Looks from within, where a look costs next to nothing. */
    async function underWay(): Promise<void> {
      const look = 'for dir in /nix/var/kalpana/import/*/nix/store; do [ ! -d "$dir" ] || exit 0; done';
      const line = `for round in $(seq 400); do ${look}; sleep 0.05; done; exit 1`;
      await eventually(async () => expect((await docker.sh(keeper, line)).code).toBe(0), LONG);
    }

    async function expectWhole(image: string): Promise<void> {
      const paths = COUNT + 1 + Object.keys(REFERENCES).length;
      expect((await inKeeper(`ls ${rootsOf(image)} | wc -l`)).trim()).toBe(String(paths));
      await soundStore();
      expect(await probes()).toEqual([]);
    }

    it('by the death of the keeper goes on with the next, and nothing is half valid', async () => {
      const image = await importStoreImage(host, { reference: 'trusted/many:1', tree: MANY });
      const { Id } = await docker.container(keeper);
      site.put('ni-many', { cache: CACHE, image: 'trusted/many:1' });
      await underWay();
      await docker.kill(keeper);
      await ready('ni-many');
      expect((await docker.container(keeper)).Id).toBe(Id);
      expect(await inKeeper(`nix-store -qR ${storePath('many-0')} | wc -l`)).toBe(String(COUNT + 1));
      await expectWhole(image);
      expect(await inKeeper('ls -A /nix/var/kalpana/import 2>/dev/null || true')).toBe('');
    });

    inLongRuns('simulation caches: an image with a store of its own, killed at every call', () => {
      it('by the death of the controller goes on with the next one', async () => {
        const more = Object.fromEntries(
          Object.entries(MANY).map(([path, content]) => [
            path.replace('-many-', '-more-'),
            content.replace('-many-', '-more-'),
          ]),
        );
        const image = await importStoreImage(host, { reference: 'trusted/more:1', tree: more });
        site.put('ni-more', { cache: CACHE, image: 'trusted/more:1' });
        await underWay();
        await controller.kill();
        controller = site.start();
        await ready('ni-more');
        await expectWhole(image);
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
  }),
);

describe('an image of which no container is left', () => {
  it('is released, and no other', async () => {
    expect(left.length).toBeGreaterThan(0);
    for (const image of left) {
      await eventually(
        async () => expect(await inKeeper(`ls ${rootsOf(image)} 2>/dev/null || echo released`)).toBe('released'),
        LONG,
      );
      expect(await inKeeper(`nix-store -q --roots ${BUSYBOX} | cat`)).not.toContain(rootsOf(image));
    }
    const { Image } = await docker.container('workspace-ni-elsewhere');
    expect(await inKeeper('ls /nix/var/nix/gcroots/kalpana/images')).toContain(Image.replace('sha256:', ''));
    expect(await docker.containerOrNull('workspace-ni-plain-2')).toBeNull();
  });
});
