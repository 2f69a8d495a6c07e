import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { variants } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { forgery, isValid, quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { benchPackages } from '../support/nix/packages.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

const site = createSite('nix-client', testEngineHost());
const { docker } = site;
const CACHE = 'nr';
const { keeper: KEEPER } = cacheObjects(CACHE);
const ATTACKER = 'workspace-nr-attacker';
const CONTAINER = 'workspace-nr-client';
const VICTIM = 'workspace-nr-victim';
let controller: Kalpana;
let server: TestNixCache;
/** Well made and signed by a key that the cache does not trust. */
let foreign: TestNixCache;

/** Where each user's expressions are. */
const DIR = '/tmp/project-$(id -u)';
/** A package of the user's own, of which nobody else has one. */
const MINE = `derivation {
  name = "mine-USER"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
  args = [ "-euc" "mkdir -p $out/bin; echo '#!/bin/sh' > $out/bin/mine-USER; echo 'echo mine of USER' >> $out/bin/mine-USER; chmod 755 $out/bin/mine-USER" ];
}`;
const SHELL =
  'derivation { name = "shell"; system = builtins.currentSystem; builder = "/bin/sh"; stdenv = ./stdenv; GREETING = "hello from the shell"; }';

async function run(user: string, line: string): Promise<string> {
  // On a terminal Nix would draw.
  const { code, text } = await docker.sh(
    CONTAINER,
    `cd ${DIR} && { ${line}\n} 2>errors || { cat errors; false; }`,
    user,
  );
  if (code !== 0) throw new Error(`${line}: ${text}`);
  return text;
}

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  foreign = await serveNixCache(docker.host, { packages: benchPackages });
  putCache(site, CACHE, server);
  controller = site.start();
  site.put('nr-attacker', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['tool'] });
  site.put('nr-victim', { cache: CACHE, packages: ['hello'] });
  site.put('nr-client', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['hello'] });
  await controller.ready('nr-attacker', 'nr-victim', 'nr-client');
  for (const user of ['0', '1000']) {
    const files = {
      'default.nix': MINE.replaceAll('USER', user),
      'shell.nix': SHELL,
      'stdenv/setup': 'set-up () { :; }',
    };
    await docker.sh(CONTAINER, `mkdir -p ${DIR}/stdenv`, user);
    for (const [name, text] of Object.entries(files)) await run(user, `cat > ${name} <<'END'\n${text}\nEND`);
  }
});

const path = (attribute: string): string => server.fixture.paths[attribute] ?? '';

/** The daemon trusts neither, and root may do whatever the other may. */
const USERS = [
  ['root', '0'],
  ['uid 1000', '1000'],
] as const;

describe.each(USERS)('Nix in a workspace, as %s', (_name, user) => {
  const wordsOfMine = `mine of ${user}`;

  it('builds through the daemon', async () => {
    expect(await run(user, `nix-build && ./result/bin/mine-${user}`)).toMatch(
      new RegExp(`^/nix/store/[0-9a-z]{32}-mine-${user}\n${wordsOfMine}$`),
    );
    expect(await run(user, `nix build -f default.nix -o flat && ./flat/bin/mine-${user}`)).toContain(wordsOfMine);
  });

  it('runs and opens shells', async () => {
    expect(
      await run(
        user,
        `nix run --impure --expr '(import ./default.nix) // { type = "derivation"; meta.mainProgram = "mine-${user}"; }'`,
      ),
    ).toBe(wordsOfMine);
    expect(await run(user, `nix shell --impure --expr 'import ./default.nix' -c mine-${user}`)).toBe(wordsOfMine);
    expect(
      await run(user, `NIX_BUILD_SHELL=$(command -v bash) nix-shell shell.nix --run 'echo $GREETING; hello'`),
    ).toBe('hello from the shell\nhello from hello 1.0');
  });

  it('has a store that is not its own', async () => {
    // A number in older releases of Nix, a boolean in newer ones.
    expect([0, false]).toContain(
      (JSON.parse(await run(user, 'nix store info --json')) as { trusted: unknown }).trusted,
    );
    expect(await run(user, 'nix store ping 2>&1 | cat')).toContain('Trusted: 0');
  });

  it('installs into a profile in the data volume, by nix-env', async () => {
    await run(user, 'nix-env -i $(readlink result)');
    expect(await run(user, `nix-env -q; mine-${user}; command -v mine-${user}`)).toMatch(
      new RegExp(`^mine-${user}\n${wordsOfMine}\n/workspace/`),
    );
    await run(user, `nix-env -e mine-${user}`);
    expect((await docker.sh(CONTAINER, `mine-${user}`, user)).code).toBe(127);
  });
});

describe('profiles of people', () => {
  it('hold what nix profile installs, across a new container', async () => {
    for (const user of ['0', '1000']) {
      // The two commands keep profiles of different formats at one place; each begins with its own here.
      await run(user, 'rm -f $(dirname $(readlink ~/.nix-profile))/profile*');
      await run(user, 'nix profile install $(readlink result)');
    }
    const before = await docker.container(CONTAINER);
    site.put('nr-client', {
      image: TEST_NIX_IMAGE,
      cache: CACHE,
      packages: ['hello'],
      env: [{ name: 'CHANGED', value: 'yes' }],
    });
    await eventually(async () => expect((await docker.container(CONTAINER)).Id).not.toBe(before.Id), {
      withinMs: 60_000,
    });
    await controller.ready('nr-client');
    for (const user of ['0', '1000']) {
      expect(await docker.sh(CONTAINER, `echo $CHANGED; mine-${user}`, user)).toEqual({
        code: 0,
        text: `yes\nmine of ${user}`,
      });
      expect((await docker.sh(CONTAINER, 'nix profile list', user)).text).toContain(`mine-${user}`);
    }
  });

  it("are nobody else's to replace", async () => {
    const { text } = await docker.sh(
      CONTAINER,
      'rm -rf /workspace/.local/state/nix/profiles/per-user/root; mv /workspace/.local/state/nix /workspace/.local/state/away',
      '1000',
    );
    expect(text).toMatch(/(Permission denied|not permitted)/);
    expect(await docker.sh(CONTAINER, 'mine-0')).toMatchObject({ code: 0 });
  });

  it('stay whose they are in a home that has a .local', async () => {
    await docker.sh(
      CONTAINER,
      'mkdir -p /workspace/dot && mv /workspace/.local /workspace/dot/local && ln -s dot/local /workspace/.local && chown -h 1000 /workspace/.local && chmod 750 /workspace/dot/local && chown 1000 /workspace/dot/local',
    );
    const before = await docker.container(CONTAINER);
    site.put('nr-client', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['hello'] });
    await eventually(async () => expect((await docker.container(CONTAINER)).Id).not.toBe(before.Id), {
      withinMs: 60_000,
    });
    await controller.ready('nr-client');
    expect((await docker.sh(CONTAINER, 'stat -c "%a %u" /workspace/dot/local; mine-1000', '1000')).text).toBe(
      '750 1000\nmine of 1000',
    );
    expect(controller.logs().filter(({ reason }) => reason === 'EngineError')).toEqual([]);
  });
});

describe.each(variants(USERS))('a workspace is refused, as %s', (_name, user) => {
  const attempt = (line: string) => quietly(docker, ATTACKER, line, user);

  it.each([
    ['to write into the store', 'echo evil > /nix/store/evil', /Read-only file system/],
    [
      'to change a package',
      'echo evil >> $(readlink -f $(command -v tool))',
      /Read-only file system|Permission denied/,
    ],
    ['to write the database', 'echo evil >> /nix/var/nix/db/db.sqlite', /Read-only file system|Permission denied/],
    ['to replace its profile', 'ln -sfn /tmp /nix/var/nix/profiles/kalpana/nr-victim', /Read-only file system/],
    [
      'to go past the daemon',
      'NIX_REMOTE=local NIX_STATE_DIR=/nix/var/nix nix-store --add /etc/hostname',
      /Read-only file system|Permission denied|unable to open database|Operation not permitted/,
    ],
    [
      'to repair',
      'nix-store --repair-path $(readlink -f $(command -v tool) | cut -d/ -f1-4)',
      /not privileged|not supported|not allowed|requires/i,
    ],
    [
      'to delete what is alive',
      'timeout 20 nix-store --delete --ignore-liveness $(readlink -f $(command -v tool) | cut -d/ -f1-4)',
      /not allowed to ignore liveness/,
    ],
  ])('%s', async (_attempt, line, words) => {
    const { code, text } = await attempt(line);
    expect(text).toMatch(words);
    expect(code).not.toBe(0);
  });

  it.each([
    'mount -o remount,rw /nix',
    'mount -o remount,rw,bind /nix /nix',
    'mount -o bind /tmp /nix/store',
    'umount /nix',
  ])('to change its mounts: %s', async (line) => {
    // Busybox has these.
    const { code, text } = await docker.sh(VICTIM, line, user);
    expect(text).toMatch(/permission denied|must be superuser|not permitted|you must be root/i);
    expect(code).not.toBe(0);
    expect((await docker.sh(VICTIM, 'touch /nix/store/x', user)).text).toContain('Read-only file system');
  });

  it.each([
    ['as an export', (from: string) => `nix-store --store "${from}" --export ${path('hello2')} | nix-store --import`],
    ['without a check', (from: string) => `nix copy --from "${from}" --no-check-sigs ${path('hello2')}`],
    ['with a setting', (from: string) => `nix copy --from "${from}" --option require-sigs false ${path('hello2')}`],
    [
      'signed by itself',
      (from: string) =>
        `nix store sign --store "${from}" -k $own.secret ${path('hello2')} && nix copy --from "${from}" --option trusted-public-keys "$(cat $own.public)" ${path('hello2')}`,
    ],
    [
      'through a binary cache of its own',
      (from: string) =>
        `nix copy --from "${from}" --no-check-sigs --to "file:///tmp/cache-$(id -u)?secret-key=$own.secret" ${path('hello2')} && nix copy --from file:///tmp/cache-$(id -u) --no-check-sigs ${path('hello2')}`,
    ],
  ])('to bring a path that nobody vouches for, %s', async (_how, line) => {
    const { code, text } = await attempt(`${forgery(path('hello2'))}\n${line('local?root=$own')}`);
    expect(text).toMatch(/lacks a (valid )?signature|lacks a signature by a trusted key/);
    expect(code).not.toBe(0);
    expect(await isValid(docker, KEEPER, path('hello2'))).toBe(false);
  });

  it.each([
    [
      'substituters and keys',
      (url: string, key: string) => `--option substituters ${url} --option trusted-public-keys ${key}`,
    ],
    [
      'further substituters and keys',
      (url: string, key: string) => `--option extra-substituters ${url} --option extra-trusted-public-keys ${key}`,
    ],
    ['no signatures', (url: string) => `--option substituters ${url} --option require-sigs false`],
    [
      'itself as trusted',
      (url: string, key: string) =>
        `--option trusted-users '*' --option trusted-substituters ${url} --option substituters ${url} --option trusted-public-keys ${key}`,
    ],
  ])('to set %s', async (_what, options) => {
    const wanted = foreign.fixture.paths['part1'] ?? '';
    foreign.forget();
    const { code } = await attempt(`nix-store --realise ${wanted} ${options(foreign.url, `'${foreign.publicKey}'`)}`);
    expect(code).not.toBe(0);
    expect(foreign.requests()).toEqual([]);
    expect(
      (
        await attempt(
          `nix copy --from ${foreign.url} --no-check-sigs ${options(foreign.url, `'${foreign.publicKey}'`)} ${wanted}`,
        )
      ).text,
    ).toMatch(/lacks a (valid )?signature|lacks a signature by a trusted key/);
    expect(await isValid(docker, KEEPER, wanted)).toBe(false);
  });

  it.each(['', "--option trusted-users '*'", '--option allowed-users root', '--option build-users-group ""'])(
    'to be trusted: %s',
    async (options) => {
      const asked = [
        `nix store info --json ${options} 2>/dev/null`,
        'NIX_CONFIG="$(printf \'extra-experimental-features = nix-command\\ntrusted-users = *\')" ' +
          'nix store info --json 2>/dev/null',
      ];
      for (const command of asked) {
        const { trusted } = JSON.parse((await attempt(command)).text) as { trusted: unknown };
        // A number in older releases of Nix, a boolean in newer ones.
        expect([0, false]).toContain(trusted);
      }
    },
  );
});

describe('after all of it', () => {
  it('a package of the forged name is the true one', async () => {
    site.put('nr-victim', { cache: CACHE, packages: ['hello2'] });
    await eventually(async () => expect((await docker.sh(VICTIM, 'hello')).text).toBe('hello from hello 2.0'), {
      withinMs: 60_000,
    });
  });

  it('the store is sound', async () => {
    const { code, text } = await docker.sh(KEEPER, 'NIX_REMOTE=local nix-store --verify --check-contents');
    expect(text).not.toMatch(/modified|disappeared|missing/);
    expect(code).toBe(0);
  });
});
