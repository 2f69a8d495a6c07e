import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import type { ActiveFault, Fault } from '../support/nix/cache-faults.js';
import { SLOW_MS, keeperHands, packagesAre, runs } from '../support/nix/hands.js';
import { cachePhase, putCache } from '../support/nix/site.js';

const site = createSite('nix-faults', testEngineHost());
const { docker } = site;
/** Each test has workspaces and packages of its own in it. */
const CACHE = 'nx';
const hands = keeperHands(docker, CACHE);
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  controller = site.start();
});

const faults = new Set<ActiveFault>();

/** A fault that ends with its test at the latest. */
function misbehave(how: Fault): ActiveFault {
  const fault = server.fault(how);
  faults.add(fault);
  return fault;
}

afterEach(() => {
  for (const fault of faults) fault.end();
});

const path = (attribute: string): string => server.fixture.paths[attribute] ?? '';
const counts = (...attributes: readonly string[]) => attributes.map((attribute) => server.count(server.nar(attribute)));

/** A cache that cannot be used from its first moment on, and then can. */
async function outage(cache: string, how: Fault): Promise<void> {
  server.forget();
  const fault = misbehave(how);
  putCache(site, cache, server);
  site.put(cache, { cache, packages: ['hello'] });
  await packagesAre(
    controller,
    cache,
    'PackageFetchFailed',
    expect.stringContaining(server.url.slice('http://'.length)),
  );
  expect(await keeperHands(docker, cache).isValid(path('hello'))).toBe(false);
  expect(await docker.containerOrNull(`workspace-${cache}`)).toBeNull();
  fault.end();
  await controller.until(cache, { phase: 'Ready' }, 120_000);
  expect((await controller.status(cache)).cache?.lastUse?.paths).toEqual({ asked: 1, hit: 0, fetched: 1, built: 0 });
  expect(await runs(docker, cache, 'hello')).toBe('hello from hello 1.0');
}

describe('a binary cache', () => {
  it('that answers 500 at the start: said so, nothing is built in its stead, and fetched when it is back', () =>
    outage(CACHE, { status: 500 }));

  inLongRuns('unit nix-log, environments', () =>
    it('that is slow: bytes of bytes in the status and in the log, then Ready', async () => {
      const fault = misbehave({ paths: server.nar('big4'), bytesPerSecond: 1_000_000 });
      site.put('nx-slow', { cache: CACHE, packages: ['big4'] });
      const words = /^fetching big4-1\.0 \([123]\.\d of 3\.\d MiB/;
      await packagesAre(controller, 'nx-slow', 'Realising', expect.stringMatching(words));
      await controller.until('nx-slow', { phase: 'Ready' }, SLOW_MS);
      fault.end();
      expect(
        controller.logs().filter((line) => Object.values(line).some((value) => words.test(String(value)))).length,
      ).toBeGreaterThan(1);
    }),
  );

  inLongRuns('the one that answers 500; unit nix-failure; contract resolve-script', () => {
    it('that cuts every connection at the start', () => outage('nx-cut', { cutAfterBytes: 0 }));

    it('that went away after it was known: said so, nothing is built in its stead, and fetched when it is back', async () => {
      const cache = putCache(site, 'nx-away', server);
      site.put('nx-away', { cache, packages: ['tool'] });
      await controller.until('nx-away', { phase: 'Ready' }, SLOW_MS);
      const fault = misbehave({ status: 503 });
      site.put('nx-away', { cache, packages: ['tool', 'hello'] });
      await packagesAre(
        controller,
        'nx-away',
        'PackageFetchFailed',
        expect.stringMatching(/HTTP error 503.* The old environment is still in place\./),
      );
      expect(await keeperHands(docker, cache).isValid(path('hello'))).toBe(false);
      expect(await runs(docker, 'nx-away', 'tool')).toBe('hello from tool');
      fault.end();
      await packagesAre(controller, 'nx-away', 'Ready', '2 packages: hello, tool', 120_000);
      expect((await controller.status('nx-away')).cache?.lastUse?.paths).toEqual({
        asked: 3,
        hit: 2,
        fetched: 1,
        built: 0,
      });
    });
  });

  inLongRuns('unit nix-failure: a cache that is down; nix-keeper-changes: the new substituter', () =>
    it('that nobody listens at: said so, and fetched when the spec names one that is there', async () => {
      const cache = putCache(site, 'nx-gone', server, { substituters: [server.url.replace(/:\d+$/, ':1')] });
      site.put('nx-gone', { cache, packages: ['hello'] });
      await packagesAre(controller, 'nx-gone', 'PackageFetchFailed', expect.stringMatching(/:1\b/));
      expect(await keeperHands(docker, cache).isValid(path('hello'))).toBe(false);
      putCache(site, cache, server);
      await controller.until('nx-gone', { phase: 'Ready' }, SLOW_MS);
      expect((await controller.status('nx-gone')).cache?.lastUse?.paths).toEqual({
        asked: 1,
        hit: 0,
        fetched: 1,
        built: 0,
      });
    }),
  );
});

describe('an archive', () => {
  const refused = async (workspace: string, cache: string, attribute: string, reason: string): Promise<void> => {
    const name = path(attribute).replace(/^.{44}/, '');
    await packagesAre(controller, workspace, reason, expect.stringContaining(name));
    expect(await docker.containerOrNull(`workspace-${workspace}`)).toBeNull();
    expect(await keeperHands(docker, cache).isValid(path(attribute))).toBe(false);
  };

  it('corrupted is refused by name, and taken when it is sound', async () => {
    const fault = misbehave({ paths: server.nar('hello2'), corrupt: true });
    site.put('nx-bad', { cache: CACHE, packages: ['hello2'] });
    await refused('nx-bad', CACHE, 'hello2', 'PackageFetchFailed');
    fault.end();
    await controller.until('nx-bad', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nx-bad', 'hello')).toBe('hello from hello 2.0');
  });

  it('without a signature is refused by name', async () => {
    misbehave({ paths: server.narinfo('sub.inner'), unsigned: true });
    site.put('nx-unsigned', { cache: CACHE, packages: ['sub.inner'] });
    await refused('nx-unsigned', CACHE, 'sub.inner', 'PackageUntrusted');
  });

  inLongRuns(
    'the two above; unit retries: what has failed is due again; nix-client: refused to set substituters and keys',
    () => {
      it('without a signature is taken when it has one', async () => {
        // Nix remembers for a minute what it was told.
        await controller.until('nx-unsigned', { phase: 'Ready' }, 180_000);
        expect(await runs(docker, 'nx-unsigned', 'inner')).toBe('inner');
      });

      it('signed by nobody that the cache trusts is refused by name', async () => {
        const cache = putCache(site, 'nx-key', server, {
          trustedPublicKeys: ['other-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='],
        });
        site.put(cache, { cache, packages: ['hello'] });
        await refused(cache, cache, 'hello', 'PackageUntrusted');
      });
    },
  );
});

inLongRuns('simulation caches: killed at every call, a killed keeper; unit flights', () =>
  describe('in the middle of a download', () => {
    it('the controller killed: the next one waits for the same download instead of repeating it', async () => {
      server.forget();
      // Slow enough for a death meanwhile; without a byte for half a minute Nix would ask anew.
      const slow = misbehave({ paths: server.nar('big1'), bytesPerSecond: 80_000 });
      site.put('nx-b', { cache: CACHE, packages: ['big1', 'twin'] });
      await eventually(
        async () => {
          expect(await hands.isValid(path('twin'))).toBe(true);
          expect(slow.hits()).toBe(1);
        },
        { withinMs: SLOW_MS },
      );
      await controller.kill();
      controller = site.start();
      await controller.until('nx-b', { phase: 'Ready' }, SLOW_MS);
      expect(await runs(docker, 'nx-b', 'big1; twin')).toBe('big\ntwin');
      expect(counts('big1', 'twin')).toEqual([1, 1]);
    });

    it('the keeper killed: the rest is fetched, what had arrived is not, and the store is sound', async () => {
      server.forget();
      await cachePhase(controller, CACHE, 'Ready');
      // It would take minutes.
      misbehave({ paths: server.nar('big16'), bytesPerSecond: 100_000, times: 1 });
      site.put('nx-a', { cache: CACHE, packages: ['big16', 'tool'] });
      await eventually(
        async () => {
          expect(await hands.isValid(path('tool'))).toBe(true);
          expect(counts('big16')).toEqual([1]);
        },
        { withinMs: SLOW_MS },
      );
      expect(await hands.isValid(path('big16'))).toBe(false);
      await docker.kill(hands.keeper);
      await controller.until('nx-a', { phase: 'Ready' }, SLOW_MS);
      expect(await runs(docker, 'nx-a', 'big16; tool')).toBe('big\nhello from tool');
      expect(counts('big16', 'tool', 'lib')).toEqual([2, 1, 1]);
      const verified = await hands.sh('nix-store --verify --check-contents');
      expect(verified).toEqual({ code: 0, text: expect.not.stringMatching(/error|modified|disappeared|missing/) });
      expect(await hands.isValid(path('big16'))).toBe(true);
    });
  }),
);
