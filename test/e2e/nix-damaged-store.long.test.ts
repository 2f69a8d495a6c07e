import { beforeAll, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Finished, Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { cacheObjects, cacheStatus, putCache } from '../support/nix/site.js';

// In each run nix-clear empties a cache by force; test/unit/nix/clearing and keeper-connection have a keeper that does
// not answer, and its words.

// F26: a store whose database is gone, of which Nix believes that it has one.
const site = createSite('nix-damaged-store', testEngineHost());
const { docker } = site;
const CACHE = 'nd';
const { keeper } = cacheObjects(CACHE);
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server);
  site.put('nd-a', { cache: CACHE, packages: ['hello'] });
  controller = site.start();
  await controller.until('nd-a', { phase: 'Ready' }, 60_000);
});

function kalpana(...words: readonly string[]): Promise<Finished> {
  return site.command(...words, '--state-dir', site.state);
}

it('is told with the way out, and emptied by force, although its keeper does not answer', async () => {
  await docker.sh('workspace-nd-a', 'echo precious > /workspace/file');
  await docker.sh(keeper, 'rm /nix/var/nix/db/db.sqlite*; test -e /nix/var/nix/db/schema');
  await docker.kill(keeper);
  await eventually(
    async () =>
      expect((await cacheStatus(controller, CACHE)).conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'KeeperNotReady' }),
      ),
    { withinMs: 60_000 },
  );
  expect((await kalpana('describe', 'cache', CACHE)).out).toContain(`kalpana cache clear`);
  expect(await kalpana('cache', 'clear', CACHE)).toMatchObject({
    code: 1,
    err: expect.stringContaining('--force empties the cache nevertheless'),
  });
  expect((await docker.sh('workspace-nd-a', 'hello')).text).toBe('hello from hello 1.0');

  expect(await kalpana('cache', 'clear', CACHE, '--force')).toMatchObject({
    code: 0,
    out: 'the cache nd is empty; workspace-nd-a start again\n',
  });
  await controller.until('nd-a', { phase: 'Ready' }, 60_000);
  expect((await docker.sh('workspace-nd-a', 'hello; cat /workspace/file')).text).toBe('hello from hello 1.0\nprecious');
  expect((await docker.sh(keeper, 'ls -d /nix/var/kalpana/wipe')).code).not.toBe(0);
});
