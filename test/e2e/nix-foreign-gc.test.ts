import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { isValid, quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

// F8: any client may ask the daemon for a collection, which knows nothing of what runs next door.
const site = createSite('nix-gc', testEngineHost());
const { docker } = site;
const CACHE = 'ng';
const { keeper: KEEPER } = cacheObjects(CACHE);
const COLLECTOR = 'workspace-ng-collector';
let controller: Kalpana;
let server: TestNixCache;
let dead = '';

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server);
  controller = site.start();
  site.put('ng-collector', { image: TEST_NIX_IMAGE, cache: CACHE });
  site.put('ng-other', { cache: CACHE, packages: ['hello'] });
  await controller.ready('ng-collector', 'ng-other');
  // Nothing but the collector's own word keeps it.
  const made = await quietly(
    docker,
    COLLECTOR,
    `nix-build --no-out-link -E 'derivation { name = "dead"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo dead > $out" ]; }' 2>/dev/null`,
  );
  dead = made.text;
  expect(dead).toMatch(/^\/nix\/store\/[0-9a-z]{32}-dead$/);
});

const COMMANDS = [
  'nix-store --gc',
  'nix-collect-garbage',
  'nix-collect-garbage -d',
  'nix store gc',
  'nix-store --delete $DEAD',
  'nix store delete $DEAD',
];

describe('collections that workspaces start', () => {
  it("wait for the keeper's lock, and delete nothing", async () => {
    for (const user of ['0', '1000']) {
      const lines = COMMANDS.map(
        (command, index) => `(${command}; echo ended) > /tmp/gc-$(id -u)-${index} 2>&1 &`,
      ).join('\n');
      await docker.exec(
        COLLECTOR,
        ['bash', '-c', `export DEAD=${dead}; exec </dev/null; set -m; ${lines}\n true`],
        user,
      );
    }
    await eventually(
      async () => {
        const { text } = await docker.sh(COLLECTOR, 'cat /tmp/gc-*');
        expect(text.match(/waiting for the big garbage collector lock/g)).toHaveLength(2 * COMMANDS.length);
      },
      { withinMs: 60_000 },
    );
  });

  it('hold nobody up: downloads, builds and profiles go on', async () => {
    site.put('ng-other', { cache: CACHE, packages: ['hello', 'big4', 'fresh'] });
    await eventually(
      async () => expect(await docker.sh('workspace-ng-other', 'big4; fresh')).toEqual({ code: 0, text: 'big\nfresh' }),
      { withinMs: 60_000 },
    );
    expect(
      (
        await quietly(
          docker,
          COLLECTOR,
          `nix-build --no-out-link -E 'derivation { name = "more"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo more > $out" ]; }'`,
        )
      ).code,
    ).toBe(0);
    expect((await docker.sh(COLLECTOR, 'cat /tmp/gc-*')).text).not.toMatch(/ended|deleting|freed/);
    expect(await isValid(docker, KEEPER, dead)).toBe(true);
  });

  it('end with their container, and have deleted nothing', async () => {
    const waiting = async () =>
      Number((await docker.sh(KEEPER, 'grep -lx nix-daemon /proc/[0-9]*/comm 2>/dev/null | wc -l')).text);
    expect(await waiting()).toBeGreaterThan(COMMANDS.length);
    site.drop('ng-collector.json');
    await eventually(async () => expect(await docker.containerOrNull(COLLECTOR)).toBeNull(), { withinMs: 60_000 });
    await eventually(async () => expect(await waiting()).toBe(1), { withinMs: 30_000 });
    expect(await isValid(docker, KEEPER, dead)).toBe(true);
    const { code, text } = await docker.sh(KEEPER, 'NIX_REMOTE=local nix-store --verify --check-contents');
    expect({ code, text }).toEqual({ code: 0, text: expect.not.stringMatching(/disappeared|missing|error/) });
    expect((await docker.sh('workspace-ng-other', 'hello')).text).toBe('hello from hello 1.0');
  });
});
