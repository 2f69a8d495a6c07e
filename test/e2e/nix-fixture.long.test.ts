import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dockerOf, type Shell } from '../support/e2e/docker.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { importOldKeeper, KEEPER_IMAGE, keeperNix, OLD_KEEPER_IMAGE, TEST_NIX_IMAGE } from '../support/nix/images.js';

// Of the tests' own binary cache. In each run nix-packages fetches from it, nix-faults has it fail and hand out
// what is spoilt or unsigned, and nix-keeper has the keeper's image.

const docker = dockerOf(testEngineHost());
const made = new Set<string>();

/** A container of an image with a Nix and an empty store. */
async function startNix(name: string, image = KEEPER_IMAGE): Promise<void> {
  made.add(name);
  await docker.create(name, { Image: image, Cmd: ['sleep', 'infinity'], HostConfig: { Init: true } });
  await docker.start(name);
}

afterAll(async () => {
  await Promise.all([...made].map((name) => docker.remove(name)));
});

describe("the keeper's image", () => {
  it('has its Nix, flock, git and the accounts, and nothing in /nix', async () => {
    await startNix('nix-image');
    const { text } = await docker.sh(
      'nix-image',
      'ls -A /nix 2>/dev/null; nix-store --version; flock --version; git --version; id -u nixbld10; id -u kalpana; getent group nixbld',
    );
    expect(text).toMatch(
      new RegExp(
        `^nix-store \\(Nix\\) ${keeperNix()}\\.\\d+\nflock from util-linux [\\d.]+\ngit version [\\d.]+\n30010\n29999\nnixbld:x:30000:nixbld1,.*,nixbld10$`,
      ),
    );
  });

  it("serves as a workspace's image that has a Nix", async () => {
    await startNix('nix-workspace', TEST_NIX_IMAGE);
    const { text } = await docker.sh(
      'nix-workspace',
      'runuser -u dev -- bash -c "id -u; nix-store --version 2>/dev/null; cd ~dev; pwd; touch here && echo writable"',
    );
    expect(text).toMatch(new RegExp(`^1000\nnix-store \\(Nix\\) ${keeperNix()}\\.\\d+\n/home/dev\nwritable$`));
  });
});

/** What the cache does is its own, whoever asks; nix-keeper-images has the older one realise in every run. */
const CLIENTS = [
  [`Nix ${keeperNix()}`, KEEPER_IMAGE, 'nix-new'],
  ['Nix 2.8', OLD_KEEPER_IMAGE, 'nix-old'],
] as const;

describe.each(CLIENTS)('the binary cache, asked by %s', (version, image, name) => {
  let cache: TestNixCache;

  beforeAll(async () => {
    if (image === OLD_KEEPER_IMAGE) await importOldKeeper(docker.host);
    cache = await serveNixCache(docker.host);
    await startNix(name, image);
  });

  /** What a case before was told of a package is not to be remembered. */
  function realise(attribute: string, settings: Readonly<Record<string, string>> = {}): Promise<Shell> {
    const all = {
      substituters: cache.url,
      'trusted-public-keys': cache.publicKey,
      'narinfo-cache-negative-ttl': '0',
      'narinfo-cache-positive-ttl': '0',
      ...settings,
    };
    const options = Object.entries(all).map(([key, value]) => `--option ${key} '${value}'`);
    return docker.sh(name, `nix-store --realise ${cache.fixture.paths[attribute]} ${options.join(' ')}`);
  }

  it(`hands out a package with its closure, once`, async () => {
    const remembering = { 'narinfo-cache-positive-ttl': '3600' };
    expect((await docker.sh(name, 'nix-store --version')).text).toContain(`(Nix) ${version.slice(4)}.`);
    cache.forget();
    expect(await realise('tool', remembering)).toMatchObject({ code: 0 });
    expect(cache.count(cache.narinfo('tool'))).toBe(1);
    expect([cache.count(cache.nar('tool')), cache.count(cache.nar('lib'))]).toEqual([1, 1]);
    expect(cache.nars()).toMatchObject({ requests: 2 });
    expect((await docker.sh(name, `${cache.fixture.paths['tool']}/bin/tool`)).text).toBe('hello from tool');
    cache.forget();
    expect(await realise('tool', remembering)).toMatchObject({ code: 0 });
    expect(cache.requests()).toEqual([]);
  });

  it('can hand out a spoilt package, which is refused', async () => {
    const fault = cache.fault({ paths: cache.nar('hello'), corrupt: true });
    const { code, text } = await realise('hello');
    expect({ code, text }).toEqual({
      code: expect.any(Number),
      text: expect.stringMatching(/hash mismatch|lzma|xz|decompress/i),
    });
    expect(code).not.toBe(0);
    expect(fault.hits()).toBeGreaterThan(0);
    fault.end();
  });

  it('can leave the signature out, which is refused', async () => {
    cache.forget();
    const fault = cache.fault({ paths: cache.narinfo('hello'), unsigned: true });
    const { code, text } = await realise('hello');
    expect(text).toMatch(/signature|not signed/);
    expect(code).not.toBe(0);
    expect(cache.count(cache.nar('hello'))).toBe(0);
    fault.end();
    expect(await realise('hello', { 'trusted-public-keys': '' })).not.toMatchObject({ code: 0 });
  });

  it('can fail, cut and lack what it should have', async () => {
    const quickly = { 'download-attempts': '2' };
    // Nix does not try again what was cut, for a cache that takes no ranges.
    for (const [fault, hits] of [
      [{ status: 500 }, 2],
      [{ cutAfterBytes: 20 }, 1],
    ] as const) {
      const active = cache.fault({ ...fault, paths: cache.nar('hello') });
      expect(await realise('hello', quickly)).not.toMatchObject({ code: 0 });
      expect([fault, active.hits()]).toEqual([fault, hits]);
      active.end();
    }
    const lost = cache.fault({ status: 404, paths: cache.narinfo('hello') });
    expect(await realise('hello', quickly)).not.toMatchObject({ code: 0 });
    lost.end();
    const once = cache.fault({ status: 503, paths: cache.nar('hello'), times: 1 });
    expect(await realise('hello', quickly)).toMatchObject({ code: 0 });
    expect(once.hits()).toBe(1);
  });

  it('can hold an answer until it is let go, and be slow', async () => {
    const hold = cache.fault({ paths: cache.nar('big1'), hold: true, bytesPerSecond: 2_000_000 });
    cache.forget();
    const started = performance.now();
    const realised = realise('big1');
    await eventually(() => expect(hold.hits()).toBe(1), { withinMs: 10_000 });
    expect(cache.nars().bytes).toBe(0);
    hold.end();
    expect(await realised).toMatchObject({ code: 0 });
    expect(cache.nars().bytes).toBeGreaterThan(1_000_000);
    expect(performance.now() - started).toBeGreaterThan(450);
  });

  it('does not hold what has to be built', async () => {
    cache.forget();
    expect(await realise('fresh')).not.toMatchObject({ code: 0 });
    expect(cache.count(cache.narinfo('fresh'))).toBeGreaterThan(0);
    expect(cache.nars()).toEqual({ requests: 0, bytes: 0 });
  });
});
