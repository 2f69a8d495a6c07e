import { beforeAll, describe, expect, it } from '@jest/globals';
import { CACHE_PRIVATE_PATHS } from '../../controller/model/names.js';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { addDead, collected, expectGone } from '../support/gc/household.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { keeperHands, runs, SLOW_MS } from '../support/nix/hands.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cachePhase, putCache } from '../support/nix/site.js';

// F21: whoever can open a file can hold its lock, on a read-only mount too.
const site = createSite('nix-locks', testEngineHost());
const { docker } = site;
const P = 'nl';
const BOX = 'workspace-nl-box';
const hands = keeperHands(docker, P);
/** Root, an ordinary user, the one that the controller's commands run as, and one of the builds'. */
const USERS = ['0', '1000', '29999', '30001'];
const NEEDED = /^\/nix\/var(\/nix(\/(daemon-socket|profiles(\/(kalpana|per-user(\/root)?))?))?)?$/;
let server: TestNixCache;
let controller: Kalpana;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, P, server, { gc: { schedule: '0 4 1 1 *', retain: '0s', grace: '0s' } });
  controller = site.start();
  // Packages, so that it starts after the keeper, and all that there is to hide is there.
  site.put('nl-box', { cache: P, image: TEST_NIX_IMAGE, packages: ['hello'] });
  site.put('nl-other', { cache: P, packages: ['hello'] });
  await controller.ready('nl-box', 'nl-other');
  await cachePhase(controller, P, 'Ready');
});

describe('of what is not its own, a workspace', () => {
  it.each(USERS)('can open nothing as the user %s but what it needs, and empty places', async (user) => {
    const open = `find /nix/var ! -type l -exec sh -c 'for f; do if : < "$f"; then echo "$f"; fi; done' - {} + 2>/dev/null`;
    const { text } = await docker.exec(BOX, ['sh', '-c', `${open} | sort`], user);
    expect(text.split('\n').filter((path) => !NEEDED.test(path) && !CACHE_PRIVATE_PATHS.includes(path))).toEqual([]);
    const inside = `find ${CACHE_PRIVATE_PATHS.join(' ')} -mindepth 1 2>/dev/null; cat /nix/var/nix/gc.lock 2>/dev/null`;
    expect((await docker.exec(BOX, ['sh', '-c', inside], user)).text).toBe('');
  });

  it('holds up neither a collection, nor packages, nor a keeper, by locks on all that it can open', async () => {
    const hold = `find /nix/var /nix/store -maxdepth 3 ! -type l -exec sh -c 'for f; do
      (flock -n -x 9 && exec sleep 600) 9< "$f" &
    done' - {} + 2>/dev/null`;
    // What they find later would be in use by them.
    const found = '/tmp/found-$(id -u)';
    const held = USERS.map((user) =>
      docker.exec(BOX, ['sh', '-c', `${hold}; echo all > ${found}; exec sleep 600`], user).catch(() => null),
    );
    await eventually(
      async () => {
        const { text } = await docker.sh(BOX, 'cat /tmp/found-* | wc -l; cat /proc/[0-9]*/comm | grep -c sleep');
        const [users, sleeping] = text.split('\n').map(Number);
        expect(users).toBe(USERS.length);
        expect(sleeping).toBeGreaterThan(5 + USERS.length);
      },
      { withinMs: 20_000 },
    );
    const [dead = ''] = await addDead(site, P, 1);
    await collected(site, P);
    await expectGone(site, hands.keeper, new Map([['dead', dead]]));
    site.put('nl-other', { cache: P, packages: ['tool'] });
    await eventually(async () => expect(await runs(docker, 'nl-other', 'tool')).toBe('hello from tool'), {
      withinMs: SLOW_MS,
    });
    await docker.kill(hands.keeper);
    await cachePhase(controller, P, 'Ready');
    site.put('nl-other', { cache: P, packages: ['big1'] });
    await eventually(async () => expect(await runs(docker, 'nl-other', 'big1')).toBe('big'), { withinMs: SLOW_MS });
    await docker.remove(BOX);
    await Promise.all(held);
  });
});
