import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { SLOW_MS, packagesAre, restart, runs } from '../support/nix/hands.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

// In each run nix-faults has archives and whole caches refused by name, nix-packages packages that are not there;
// test/unit/nix/packages/nix-failure has the words of each failure, and test/contract/resolve-script those of a cache
// that refuses.

const site = createSite('nix-packages-bad', testEngineHost());
const { docker } = site;
const cache = 'nf';
const GOOD = ['hello', 'tool'];
let server: TestNixCache;
let controller: Kalpana;
let containerId: string;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  putCache(site, cache, server);
  controller = site.start();
  site.put('nf-a', { cache, packages: GOOD });
  await controller.until('nf-a', { phase: 'Ready' }, SLOW_MS);
  containerId = (await docker.container('workspace-nf-a')).Id;
});

async function expectOldEnvironment(): Promise<void> {
  expect(await runs(docker, 'nf-a', 'tool; hello')).toBe('hello from tool\nhello from hello 1.0');
  const { Id, State } = await docker.container('workspace-nf-a');
  expect([Id, State.Status]).toEqual([containerId, 'running']);
}

async function mend(): Promise<void> {
  site.put('nf-a', { cache, packages: GOOD });
  await packagesAre(controller, 'nf-a', 'Ready', `2 packages: ${GOOD.join(', ')}`);
  await controller.ready('nf-a');
}

describe('packages that cannot be had', () => {
  /** The last says the same as the one before it that needs it. */
  const FAILURES = [
    ['does not exist', 'PackageNotFound', ['nowhere'], /^'nowhere' is not in \/nixpkgs\. /],
    [
      'collides with another',
      'PackageCollision',
      ['other'],
      /^(hello-1\.0 and other-1\.0|other-1\.0 and hello-1\.0) both provide \/bin\/hello\. /,
    ],
    [
      'needs one that fails to build',
      'PackageBuildFailed',
      ['needsBroken'],
      /^the build of broken-1\.0 failed with exit code 1: broken: this build always fails\. /,
    ],
    ['is refused by its nixpkgs', 'PackageEvaluationFailed', ['refused'], /^refused: its licence does not allow it\. /],
    ['does not exist in a set', 'PackageNotFound', ['sub.nowhere'], /^'sub\.nowhere' is not in \/nixpkgs\. /],
    ['is a set', 'PackageNotFound', ['sub'], /^'sub' is no package but set\. /],
    [
      'fails to build',
      'PackageBuildFailed',
      ['broken'],
      /^the build of broken-1\.0 failed with exit code 1: broken: this build always fails\. /,
    ],
  ] as const;

  it.each(FAILURES)('one that %s: %s, and the old environment serves on', async (_what, reason, packages, words) => {
    site.put('nf-a', { cache, packages: [...GOOD, ...packages] });
    const { message } = await packagesAre(controller, 'nf-a', reason, expect.stringMatching(words));
    expect(message).toContain('The old environment is still in place.');
    await expectOldEnvironment();
  });

  it('whose list is mended: all is well', mend);

  it('one that cannot be fetched: named, tried again by itself, and there when it can', async () => {
    const fault = server.fault({ paths: server.nar('big1'), status: 500 });
    site.put('nf-a', { cache, packages: [...GOOD, 'big1'] });
    await packagesAre(controller, 'nf-a', 'PackageFetchFailed', expect.stringMatching(/HTTP error 500/), 120_000);
    await expectOldEnvironment();
    fault.end();
    await packagesAre(controller, 'nf-a', 'Ready', expect.stringContaining('big1'), 120_000);
    expect(await runs(docker, 'nf-a', 'big1')).toBe('big');
  });

  /** The statuses are told apart by a script, which the contract tests run with each. */
  const REFUSALS: readonly (readonly [number, string, string, RegExp])[] = [
    [403, 'a path', 'twin', /\.narinfo$/],
    [407, 'anything', 'big4', /./],
    [401, 'a path', 'sub.inner', /\.narinfo$/],
  ];

  it.each(REFUSALS)(
    'one that its cache, which answered before, refuses with %d for %s is not built',
    async (status, _what, name, paths) => {
      const fault = server.fault({ paths, status });
      site.put('nf-a', { cache, packages: [...GOOD, name] });
      const { message } = await packagesAre(
        controller,
        'nf-a',
        'SubstituterRefused',
        expect.stringMatching(new RegExp(`answers HTTP ${status}`)),
        120_000,
      );
      expect(message).toContain('The old environment is still in place.');
      await expectOldEnvironment();
      expect((await docker.sh(cacheObjects(cache).keeper, `ls -d ${server.fixture.paths[name]}`)).code).not.toBe(0);
      fault.end();
      await packagesAre(controller, 'nf-a', 'Ready', expect.stringContaining(name), 120_000);
      expect((await controller.status('nf-a')).cache?.lastUse?.paths).toMatchObject({ fetched: 1, built: 0 });
    },
  );

  it('one whose archive its cache promises and then refuses: told as that, not as missing', async () => {
    const fault = server.fault({ paths: server.nar('big16'), status: 403 });
    site.put('nf-a', { cache, packages: [...GOOD, 'big16'] });
    await packagesAre(
      controller,
      'nf-a',
      'PackageFetchFailed',
      expect.stringMatching(/big16-1\.0: file 'nar\/.* does not exist in binary cache/),
      120_000,
    );
    fault.end();
    await packagesAre(controller, 'nf-a', 'Ready', expect.stringContaining('big16'), 120_000);
    await mend();
  });

  it('of a new workspace: it waits with the reason, and starts when its spec is mended', async () => {
    site.put('nf-b', { cache, packages: ['nowhere'] });
    await controller.until(
      'nf-b',
      { reason: 'PackageNotFound', message: expect.stringContaining("'nowhere' is not in") },
      SLOW_MS,
    );
    expect(await docker.containerOrNull('workspace-nf-b')).toBeNull();
    site.put('nf-b', { cache, packages: ['hello'] });
    await controller.until('nf-b', { phase: 'Ready' }, SLOW_MS);
    expect(await runs(docker, 'nf-b', 'hello')).toBe('hello from hello 1.0');
  });
});

describe('packages of a running workspace', () => {
  it('that changed are there after a restart of its container', async () => {
    site.put('nf-a', { cache, packages: ['hello2', 'sub.inner'] });
    await eventually(
      async () => expect(await runs(docker, 'nf-a', 'hello; inner')).toBe('hello from hello 2.0\ninner'),
      { withinMs: SLOW_MS },
    );
    await restart(docker, 'workspace-nf-a');
    expect(await runs(docker, 'nf-a', 'hello; inner')).toBe('hello from hello 2.0\ninner');
    expect(await runs(docker, 'nf-a', 'tool')).toBeNull();
    await controller.ready('nf-a');
    expect((await docker.container('workspace-nf-a')).Id).toBe(containerId);
  });

  it('are gone from PATH when none is declared any more, and come back', async () => {
    site.put('nf-a', { cache, packages: [] });
    await eventually(
      async () =>
        expect([await runs(docker, 'nf-a', 'hello'), await runs(docker, 'nf-a', 'inner')]).toEqual([null, null]),
      { withinMs: SLOW_MS },
    );
    await packagesAre(controller, 'nf-a', 'Ready');
    await mend();
    await expectOldEnvironment();
  });
});
