import { beforeAll, describe, expect, it } from '@jest/globals';
import { storePathIn } from '../../controller/nix/gc/root-inventory.js';
import { eventually } from '../support/e2e/eventually.js';
import { inLongRuns, variants } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { collect } from '../support/gc/household.js';
import { EVIL, HOSTILE_NAMES } from '../support/gc/hostile-names.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

// F17: without build users a build from a read-only workspace ran as root in the keeper.
const site = createSite('nix-builds', testEngineHost());
const { docker } = site;
const CACHE = 'nb';
const { keeper: KEEPER } = cacheObjects(CACHE);
const ATTACKER = 'workspace-nb-attacker';
const VICTIM = 'workspace-nb-victim';
let controller: Kalpana;
let server: TestNixCache;
let attempts = 0;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  putCache(site, CACHE, server);
  controller = site.start();
  site.put('nb-attacker', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['tool'] });
  site.put('nb-victim', { cache: CACHE, packages: ['hello'] });
  await controller.ready('nb-attacker', 'nb-victim');
});

/**
 * Submits a derivation whose builder runs `script` in the keeper; gives what it said. `more` are further attributes.
 */
async function build(script: string, user: string, more = ''): Promise<string> {
  attempts += 1;
  const expression = `derivation { name = "attack-${attempts}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; ${more}
    args = [ "-c" ''exec 2>&1; echo begins; ${script}; echo made > $out; echo ends'' ]; }`;
  const { text } = await quietly(
    docker,
    ATTACKER,
    `cat > /tmp/attack-$(id -u).nix <<'END'\n${expression}\nEND\nnix-build --no-out-link /tmp/attack-$(id -u).nix`,
    user,
  );
  expect(text).toContain('begins');
  return text;
}

/** What an attack may not change: names, owners, modes, sizes and contents. */
async function protectedFiles(): Promise<string> {
  const files = [
    server.fixture.paths['hello'],
    '/nix/var/nix/profiles',
    '/nix/var/nix/gcroots/kalpana',
    '/nix/var/kalpana',
    '/etc/nix',
    '/etc/passwd',
    '/etc/group',
    '/nix/var/nix/gc.lock',
  ];
  const { code, text } = await docker.sh(
    KEEPER,
    `find ${files.join(' ')} -not -path '*/home/*' -not -path '*/locks/*' -not -path '/nix/var/kalpana/links/*' -printf '%p %u %g %m %s %l\\n' | sort; find ${files.join(' ')} -type f -not -path '*/locks/*' -not -path '*/home/*' | sort | xargs sha256sum`,
  );
  expect(code).toBe(0);
  return text;
}

async function expectSound(): Promise<void> {
  const { code, text } = await docker.sh(KEEPER, 'NIX_REMOTE=local nix-store --verify --check-contents');
  expect({ code, text }).toEqual({ code: 0, text: expect.not.stringMatching(/modified|disappeared|missing|error/) });
  expect((await docker.sh(VICTIM, 'hello')).text).toBe('hello from hello 1.0');
}

/** The daemon trusts neither, and root may do whatever the other may. */
const USERS = [
  ['root', '0'],
  ['uid 1000', '1000'],
] as const;

describe.each(variants(USERS))('a build that a workspace starts as %s', (_name, user) => {
  it('runs as a build user, with no capability', async () => {
    const looks = 'for own in gc locks tmp; do ls /run/kalpana/$own >/dev/null && echo OPEN $own; done';
    const text = await build(`id -u; id -gn; grep CapEff /proc/self/status; ${looks}`, user);
    expect(text).toMatch(/begins\n300(0[1-9]|10)\nnixbld\nCapEff:\s*0000000000000000/);
    // Whoever can open a lock of the keeper's commands can hold it.
    expect(text).not.toContain('OPEN');
  });

  it('changes no package, no record and no setting of the cache', async () => {
    const hello = server.fixture.paths['hello'];
    const targets = [
      `${hello}/bin/hello`,
      `${hello}`,
      '/nix/var/nix/db/db.sqlite',
      // Another workspace's.
      '/nix/var/nix/profiles/kalpana/nb-victim',
      '/nix/var/kalpana/running',
      // It would empty the volume.
      '/nix/var/kalpana/wipe',
      // What users' links are known by.
      '/nix/var/kalpana/links',
      '/nix/var/nix/gcroots/kalpana',
      '/etc/nix/nix.conf',
      '/nix/var/nix/gc.lock',
      '/etc/passwd',
    ];
    const before = await protectedFiles();
    const attacks = targets.map(
      (path) =>
        `echo AT ${path}; (echo evil >> ${path}) && echo WROTE; chmod -R u+w ${path} && echo CHMOD; rm -rf ${path}; mv ${path} ${path}.away && echo MOVED; ln -sfn /tmp/evil ${path} && echo LINKED; mkdir -p ${path} && touch ${path}/evil && echo FILLED`,
    );
    const text = await build(attacks.join('; '), user);
    for (const path of targets) expect(text).toContain(`AT ${path}\n`);
    expect(text).toContain('ends');
    expect(text).not.toMatch(/WROTE|CHMOD|MOVED|FILLED/);
    expect(await protectedFiles()).toBe(before);
    await expectSound();
  });

  it('does not end the daemon, and leaves nothing that goes on', async () => {
    const { Id, State } = await docker.container(KEEPER);
    const text = await build(
      'for pid in $(ls /proc | grep "^[0-9]"); do [ "$pid" = $$ ] || kill -9 $pid 2>/dev/null; done; (setsid sh -c "while :; do sleep 0.1; touch /tmp/kalpana-survivor; done" >/dev/null 2>&1 </dev/null &)',
      user,
    );
    expect(text).toContain('ends');
    expect((await docker.container(KEEPER)).State).toMatchObject({ Status: 'running', Pid: State.Pid });
    expect((await docker.container(KEEPER)).Id).toBe(Id);
    expect(
      (
        await docker.sh(
          KEEPER,
          'for status in /proc/[0-9]*/status; do awk \'/^Uid:/ && $2 > 30000 && $2 <= 30010 { print FILENAME }\' "$status" 2>/dev/null; done',
        )
      ).text,
    ).toBe('');
  });

  it("does not read the keeper's own environment", async () => {
    const text = await build(
      'for pid in $(ls /proc | grep "^[0-9]"); do [ "$pid" = $$ ] || cat /proc/$pid/environ >/dev/null 2>&1 && [ "$(stat -c %u /proc/$pid)" -lt 30000 ] && echo READ $pid; done; env',
      user,
    );
    expect(text).not.toMatch(/READ|KALPANA|NIX_CONF/);
    // A fixed output may ask for variables of the daemon's: it has none but what every workspace may know.
    const impure = await build(
      'echo "secrets: $HOME $DOCKER_HOST"; env',
      user,
      'outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; impureEnvVars = [ "KALPANA_NIX_CONF" "DOCKER_HOST" ];',
    );
    expect(impure).not.toMatch(/DOCKER_HOST=\S/);
    expect(impure).not.toMatch(/build-users-group/);
  });

  it('does not lie in wait where a package will be', async () => {
    const target = server.fixture.paths[user === '0' ? 'hello2' : 'other'] ?? '';
    await build(
      `mkdir -p ${target}/bin && printf '#!/bin/sh\\necho evil\\n' > ${target}/bin/hello && chmod -R 777 ${target} && echo PLANTED`,
      user,
    );
    site.put('nb-victim', { cache: CACHE, packages: [user === '0' ? 'hello2' : 'other'] });
    await eventually(
      async () =>
        expect((await docker.sh(VICTIM, 'hello')).text).toBe(`hello from ${user === '0' ? 'hello 2.0' : 'other'}`),
      { withinMs: 60_000 },
    );
    site.put('nb-victim', { cache: CACHE, packages: ['hello'] });
    await eventually(expectSound, { withinMs: 60_000 });
  });
});

// F20: a build may make entries of any name in the store's directory.
describe('names that a build lays into the store', () => {
  async function lay(names: readonly string[]): Promise<void> {
    const bytes = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1').toString('base64');
    const text = await build(
      `echo 'touch /tmp/kalpana-evil-ran-$(id -u)' > /tmp/${EVIL}; echo ${bytes} | base64 -d > names; (cd /nix/store && xargs -0 mkdir -p --) < names && echo LAID`,
      '1000',
    );
    expect(text).toContain('LAID');
  }

  async function expectHarmless(flags: readonly string[]): Promise<void> {
    const { code, news } = await collect(site, CACHE, ...flags);
    expect((await docker.sh(KEEPER, 'ls -d /tmp/kalpana-evil-ran* 2>/dev/null')).text).toBe('');
    expect({ code, news }).toMatchObject({
      code: 0,
      news: flags.length > 0 ? { type: 'preview' } : { type: 'run', run: { result: 'success', failure: null } },
    });
    if (news.type === 'preview') for (const { path } of news.preview.dead) expect(path).toBe(storePathIn(path));
    await expectSound();
  }

  async function layAll(): Promise<void> {
    const inUse = (server.fixture.paths['hello'] ?? '').slice('/nix/store/'.length);
    await lay([`~ -exec env -C tmp sh ${EVIL} ; -quit`, ...HOSTILE_NAMES, `${inUse}\nand more`]);
  }

  it('are not taken for a command by a collection, and stop none, whatever they are', async () => {
    await layAll();
    await expectHarmless([]);
  });

  inLongRuns('contract keeper-scripts: a collection beside hostile names tells what is dead', () =>
    it('are not taken for a command by one that is told in advance, and stop none', async () => {
      await layAll();
      await expectHarmless(['--dry-run']);
    }),
  );
});
