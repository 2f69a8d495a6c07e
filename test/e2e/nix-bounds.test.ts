import { beforeAll, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

// What builds of one tenant hold, flood or keep, while another one changes its packages.
const site = createSite('nix-bounds', testEngineHost());
const { docker } = site;
const CACHE = 'bo';
const { keeper: KEEPER } = cacheObjects(CACHE);
const ATTACKER = 'workspace-bo-attacker';
const VICTIM = 'workspace-bo-victim';
/** A client lifts Nix's own bounds. */
const LIFTED = '--option timeout 0 --option max-silent-time 0';
let controller: Kalpana;
let server: TestNixCache;
let attempts = 0;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server, {
    builds: { timeout: '20s', maxSilent: '10s' },
    resources: { pids: 512, memory: '1Gi' },
  });
  controller = site.start();
  site.put('bo-attacker', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['tool'] });
  site.put('bo-victim', { cache: CACHE, packages: ['hello'] });
  await controller.ready('bo-attacker', 'bo-victim');
});

/** Builds a derivation whose builder runs `script`; gives what the client said. */
async function build(script: string, options = LIFTED): Promise<string> {
  attempts += 1;
  const file = `/tmp/bounds-${attempts}.nix`;
  const expression = `derivation { name = "bounds-${attempts}"; system = builtins.currentSystem; builder = "/bin/sh";
    PATH = "/usr/bin:/bin"; args = [ "-c" ''exec 2>&1; ${script}; echo made > $out'' ]; }`;
  const line = `cat > ${file} <<'END'\n${expression}\nEND\nnix-build --no-out-link ${options} ${file}`;
  return (await quietly(docker, ATTACKER, line, '1000')).text;
}

async function changesPackages(name: string, says: string): Promise<void> {
  site.put('bo-victim', { cache: CACHE, packages: [name] });
  await eventually(async () => expect((await docker.sh(VICTIM, 'hello')).text).toBe(says), { withinMs: 60_000 });
}

const inKeeper = async (line: string) => (await docker.sh(KEEPER, line)).text;
const buildsUnderWay = () =>
  inKeeper('cat /proc/[0-9]*/status 2>/dev/null | grep -c "^Uid:[[:space:]]*300[01][0-9][[:space:]]" || true');

it('an ordinary build passes, and leaves nothing', async () => {
  expect(await build('sleep 2; echo fine', '')).toMatch(/^\/nix\/store\/\S+-bounds-\d+$/m);
  expect(await inKeeper('ls -A /var/kalpana/builds')).toBe('');
});

it('builds that never end, are silent or multiply are ended, and another tenant goes on meanwhile', async () => {
  const endless = build('while :; do echo x; sleep 1; done');
  // Each process leaves a line, makes two more and waits: as many as the user may have are there until they are ended.
  // The lines stay, whenever somebody looks. What waits says nothing, so this build is the silent one as well.
  const bomb = build('b() { echo >> /tmp/bomb; b & b & exec sleep 600; }; b & exec sleep 600');
  await eventually(async () => expect(Number(await inKeeper('wc -l < /tmp/bomb'))).toBeGreaterThan(10), {
    withinMs: 60_000,
  });
  await changesPackages('hello2', 'hello from hello 2.0');
  const text = await bomb;
  expect(text).toMatch(/fork/i);
  expect(text).toMatch(/signal 9|timed out/);
  expect(await endless).toMatch(/signal 9|timed out/);
  const log = await docker.logs(KEEPER);
  expect(log).toContain('it took longer than 20 s');
  expect(log).toContain('it printed nothing for 10 s');
  await eventually(async () => expect(await buildsUnderWay()).toBe('0'), { withinMs: 30_000 });
  expect((await docker.container(KEEPER)).State).toMatchObject({ Status: 'running', OOMKilled: false });
});

it('what a client wants kept of a failed build goes, and a full /tmp is nobody else his concern', async () => {
  const text = await build(
    'head -c 1000000 /dev/zero > big; (cat /dev/zero > /tmp/full) 2>&1; exit 3',
    '--keep-failed',
  );
  expect(text).toContain('exit code 3');
  await eventually(async () => expect(await inKeeper('ls -A /var/kalpana/builds')).toBe(''), { withinMs: 20_000 });
  expect(await inKeeper('stat -f -c %a /tmp')).toBe('0');
  await changesPackages('hello', 'hello from hello 1.0');
  await inKeeper('rm -f /tmp/full');
});

it('the keeper reaches no container of another network', async () => {
  expect(await docker.container(KEEPER)).toMatchObject({ HostConfig: { NetworkMode: 'kalpana-keepers' } });
});
