import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
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

/**
 * Fetches a package that arrives and one that takes its time; resolves when the first is there and the second under
 * way.
 */
async function downloadUnderWay(cache: string, workspace: string): Promise<void> {
  server.forget();
  misbehave({ paths: server.nar('big16'), bytesPerSecond: 1_500_000, times: 1 });
  putCache(site, cache, server);
  await cachePhase(controller, cache, 'Ready');
  site.put(workspace, { cache, packages: ['big16', 'big4', 'tool'] });
  await eventually(
    async () => {
      for (const attribute of ['big4', 'tool'])
        expect(await keeperHands(docker, cache).isValid(server.fixture.paths[attribute]!)).toBe(true);
      expect(server.count(server.nar('big16'))).toBe(1);
    },
    { withinMs: SLOW_MS },
  );
  expect(await keeperHands(docker, cache).isValid(server.fixture.paths['big16']!)).toBe(false);
}

const counts = (...attributes: readonly string[]) => attributes.map((attribute) => server.count(server.nar(attribute)));

describe('in the middle of a download', () => {
  it('the keeper killed: the rest is fetched, what had arrived is not, and the store is sound', async () => {
    await downloadUnderWay('nx-kill', 'nx-a');
    const hands = keeperHands(docker, 'nx-kill');
    await docker.kill(hands.keeper);
    await controller.until('nx-a', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nx-a', 'big16; big4; tool')).toBe('big\nbig\nhello from tool');
    expect(counts('big16', 'big4', 'tool', 'lib')).toEqual([2, 1, 1, 1]);
    const verified = await hands.sh('nix-store --verify --check-contents');
    expect(verified).toEqual({ code: 0, text: expect.not.stringMatching(/error|modified|disappeared|missing/) });
    expect(await hands.isValid(server.fixture.paths['big16']!)).toBe(true);
  });

  it('the controller killed: the next one waits for the same download instead of repeating it', async () => {
    await downloadUnderWay('nx-ctl', 'nx-b');
    await controller.kill();
    controller = site.start();
    await controller.until('nx-b', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nx-b', 'big16; big4; tool')).toBe('big\nbig\nhello from tool');
    expect(counts('big16', 'big4', 'tool', 'lib')).toEqual([1, 1, 1, 1]);
  });
});

describe('a binary cache', () => {
  it.each([
    ['that answers 500', 'nx-500', { status: 500 }],
    ['that cuts every connection', 'nx-cut', { cutAfterBytes: 0 }],
  ])(
    '%s at the start: said so, nothing is built in its stead, and fetched when it is back',
    async (_how, cache, how) => {
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
      const asked = server.requests().length;
      await eventually(() => expect(server.requests().length).toBeGreaterThan(asked), { withinMs: SLOW_MS });
      expect(await keeperHands(docker, cache).isValid(server.fixture.paths['hello']!)).toBe(false);
      expect(await docker.containerOrNull(`workspace-${cache}`)).toBeNull();
      fault.end();
      await controller.until(cache, { phase: 'Ready' }, 120_000);
      expect((await controller.status(cache)).cache?.lastUse?.paths).toEqual({
        asked: 1,
        hit: 0,
        fetched: 1,
        built: 0,
      });
      expect(await runs(docker, cache, 'hello')).toBe('hello from hello 1.0');
    },
  );

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
    expect(await keeperHands(docker, cache).isValid(server.fixture.paths['hello']!)).toBe(false);
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

  it('that nobody listens at: said so, and fetched when the spec names one that is there', async () => {
    const cache = putCache(site, 'nx-gone', server, { substituters: [server.url.replace(/:\d+$/, ':1')] });
    site.put('nx-gone', { cache, packages: ['hello'] });
    await packagesAre(controller, 'nx-gone', 'PackageFetchFailed', expect.stringMatching(/:1\b/));
    expect(await keeperHands(docker, cache).isValid(server.fixture.paths['hello']!)).toBe(false);
    putCache(site, cache, server);
    await controller.until('nx-gone', { phase: 'Ready' }, SLOW_MS);
    expect((await controller.status('nx-gone')).cache?.lastUse?.paths).toEqual({
      asked: 1,
      hit: 0,
      fetched: 1,
      built: 0,
    });
  });

  it('that is slow: bytes of bytes in the status and in the log, then Ready', async () => {
    const cache = putCache(site, 'nx-slow', server);
    const fault = misbehave({ paths: server.nar('big4'), bytesPerSecond: 1_000_000 });
    site.put('nx-slow', { cache, packages: ['big4'] });
    const words = /^fetching big4-1\.0 \([123]\.\d of 3\.\d MiB/;
    await packagesAre(controller, 'nx-slow', 'Realising', expect.stringMatching(words));
    await controller.until('nx-slow', { phase: 'Ready' }, SLOW_MS);
    fault.end();
    expect(
      controller.logs().filter((line) => Object.values(line).some((value) => words.test(String(value)))).length,
    ).toBeGreaterThan(1);
  });
});

describe('an archive', () => {
  const refused = async (cache: string, reason: string): Promise<void> => {
    await packagesAre(controller, cache, reason, expect.stringContaining('hello-1.0'));
    expect(await docker.containerOrNull(`workspace-${cache}`)).toBeNull();
    expect(await keeperHands(docker, cache).isValid(server.fixture.paths['hello']!)).toBe(false);
  };

  it.each([
    ['corrupted', 'nx-bad', 'PackageFetchFailed', () => ({ paths: server.nar('hello'), corrupt: true })],
    [
      'without a signature',
      'nx-unsigned',
      'PackageUntrusted',
      () => ({ paths: server.narinfo('hello'), unsigned: true }),
    ],
  ])('%s is refused by name, and taken when it is sound', async (_what, cache, reason, how) => {
    putCache(site, cache, server);
    await cachePhase(controller, cache, 'Ready');
    const fault = misbehave(how());
    site.put(cache, { cache, packages: ['hello'] });
    await refused(cache, reason);
    fault.end();
    // Nix remembers for a minute what it was told.
    await controller.until(cache, { phase: 'Ready' }, 180_000);
    expect(await runs(docker, cache, 'hello')).toBe('hello from hello 1.0');
  });

  it('signed by nobody that the cache trusts is refused by name', async () => {
    const cache = putCache(site, 'nx-key', server, {
      trustedPublicKeys: ['other-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='],
    });
    site.put(cache, { cache, packages: ['hello'] });
    await refused(cache, 'PackageUntrusted');
  });
});
