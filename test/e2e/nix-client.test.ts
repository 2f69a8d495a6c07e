import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/e2e/eventually.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { putCache } from '../support/nix/site.js';

const site = createSite('nix-client', testEngineHost());
const { docker } = site;
const CACHE = 'nl';
const CONTAINER = 'workspace-nl-a';
let controller: Kalpana;

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
  putCache(site, CACHE, await serveNixCache(docker.host));
  controller = site.start();
  site.put('nl-a', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['hello'] });
  await controller.ready('nl-a');
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

describe.each([
  ['root', '0'],
  ['uid 1000', '1000'],
])('Nix in a workspace, as %s', (_name, user) => {
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
    site.put('nl-a', {
      image: TEST_NIX_IMAGE,
      cache: CACHE,
      packages: ['hello'],
      env: [{ name: 'CHANGED', value: 'yes' }],
    });
    await eventually(async () => expect((await docker.container(CONTAINER)).Id).not.toBe(before.Id), {
      withinMs: 60_000,
    });
    await controller.ready('nl-a');
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
    site.put('nl-a', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['hello'] });
    await eventually(async () => expect((await docker.container(CONTAINER)).Id).not.toBe(before.Id), {
      withinMs: 60_000,
    });
    await controller.ready('nl-a');
    expect((await docker.sh(CONTAINER, 'stat -c "%a %u" /workspace/dot/local; mine-1000', '1000')).text).toBe(
      '750 1000\nmine of 1000',
    );
    expect(controller.logs().filter(({ reason }) => reason === 'EngineError')).toEqual([]);
  });
});
