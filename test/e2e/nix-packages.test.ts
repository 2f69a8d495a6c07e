import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { writeNixpkgs } from '../support/nix/packages.js';
import { cachePhase, cacheStatus, putCache } from '../support/nix/site.js';

const site = createSite('nix-packages', testEngineHost());
const { docker } = site;
let server: TestNixCache;
let controller: Kalpana;
const CACHE = 'np';

const FLAKE = `{
  outputs = { self }: let pkgs = import ./packages.nix { }; system = builtins.currentSystem; in {
    packages.\${system} = { inherit (pkgs) hello; default = pkgs.tool; };
    legacyPackages.\${system}.sub.inner = pkgs.sub.inner;
  };
}
`;

beforeAll(async () => {
  server = await serveNixCache(testEngineHost());
  const flake = writeNixpkgs(join(site.dir, 'flake'));
  writeFileSync(join(flake, 'flake.nix'), FLAKE);
  putCache(site, CACHE, server, {
    mounts: [
      { type: 'bind', source: server.fixture.nixpkgs, target: '/nixpkgs', readOnly: true },
      { type: 'bind', source: flake, target: '/flake', readOnly: true },
    ],
  });
  controller = site.start();
});

describe('packages', () => {
  it('are on PATH of an image without Nix when the workspace is Ready', async () => {
    site.put('np-a', { cache: CACHE, packages: ['hello', 'tool'] });
    await controller.ready('np-a');
    expect(await docker.sh('workspace-np-a', 'hello; tool; touch /nix/store/x')).toMatchObject({
      text: expect.stringContaining('hello from hello 1.0\nhello from tool'),
    });
    expect(server.nars().requests).toBe(3);
    const status = await controller.status('np-a');
    expect(status.cache?.lastUse?.paths).toEqual({ asked: 3, hit: 0, fetched: 3, built: 0 });
    await cachePhase(controller, CACHE, 'Ready');
  });

  it('are fetched once for two workspaces', async () => {
    server.forget();
    site.put('np-b', { cache: CACHE, packages: ['tool', 'hello'] });
    await controller.ready('np-b');
    expect(server.requests()).toEqual([]);
    expect((await controller.status('np-b')).cache?.lastUse?.paths).toEqual({ asked: 3, hit: 3, fetched: 0, built: 0 });
    expect((await cacheStatus(controller, CACHE)).hitRate).toBeCloseTo(0.5);
  });

  it('change in a running container, and go from PATH', async () => {
    const before = await docker.container('workspace-np-a');
    site.put('np-a', { cache: CACHE, packages: ['sub.inner', 'tool'] });
    await eventually(async () => expect((await docker.sh('workspace-np-a', 'inner')).text).toBe('inner'), {
      withinMs: 20_000,
    });
    expect((await docker.sh('workspace-np-a', 'hello')).code).toBe(127);
    await controller.ready('np-a');
    expect((await docker.container('workspace-np-a')).Id).toBe(before.Id);
  });

  const KINDS = [
    ["a flake's package", 'np-flake', () => 'path:/flake#hello', 'hello', 'hello from hello 1.0'],
    ["a flake's own default", 'np-default', () => 'path:/flake', 'tool', 'hello from tool'],
    ['a package deeper in a flake', 'np-deep', () => 'path:/flake#sub.inner', 'inner', 'inner'],
    ['a store path', 'np-path', () => server.fixture.paths['hello2'] ?? '', 'hello', 'hello from hello 2.0'],
  ] as const;
  const WRONG = [
    ['a package that the flake has not', 'np-nosuch', 'path:/flake#nosuch', 'path:/flake#nosuch'],
    ['a flake that is not there', 'np-nowhere', 'path:/nowhere#hello', '/nowhere'],
    ['a store path that nobody has', 'np-nobody', '/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-nobody', 'nobody'],
  ] as const;

  describe('of all kinds', () => {
    beforeAll(() => {
      for (const [, workspace, reference] of KINDS) site.put(workspace, { cache: CACHE, packages: [reference()] });
      for (const [, workspace, reference] of WRONG) site.put(workspace, { cache: CACHE, packages: [reference] });
    });

    it.each(KINDS)('may be %s', async (_what, workspace, _reference, program, says) => {
      await controller.until(workspace, { phase: 'Ready' }, 60_000);
      expect((await docker.sh(`workspace-${workspace}`, program)).text).toBe(says);
    });

    it.each(WRONG)('are refused by name when one is %s', async (_what, workspace, _reference, named) => {
      await eventually(
        async () => {
          const condition = await controller.condition(workspace, 'PackagesReady');
          expect(condition).toMatchObject({ status: 'False', message: expect.stringContaining(named) });
        },
        { withinMs: 60_000 },
      );
      expect(await docker.containerOrNull(`workspace-${workspace}`)).toBeNull();
    });
  });
});
