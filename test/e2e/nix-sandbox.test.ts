import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { busybox } from '../../deploy/setup/test-image.mjs';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { collected } from '../support/gc/household.js';
import { quietly } from '../support/nix/attacks.js';
import { serveNixCache, type TestNixCache } from '../support/nix/cache.js';
import { TEST_NIX_IMAGE } from '../support/nix/images.js';
import { writeNixpkgs } from '../support/nix/packages.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

// Nix's own sandbox in a keeper without SYS_ADMIN (F19).
const site = createSite('nix-sandbox', testEngineHost());
const { docker } = site;
const CACHE = 'ns';
const { keeper: KEEPER } = cacheObjects(CACHE);
const ATTACKER = 'workspace-ns-attacker';
let controller: Kalpana;
let server: TestNixCache;
let attempts = 0;

/** The sandbox has a shell and nothing else; busybox asks its own name which program it is. */
const OWN = `
  own = derivation {
    name = "own-1.0"; system = builtins.currentSystem; builder = "/bin/sh"; busybox = ./busybox;
    args = [ "-euc" ''
      run () { (exec -a busybox "$busybox" "$@"); }
      run mkdir -p $out/bin
      run cp $busybox $out/bin/own-busybox
      printf '#!/bin/sh\nexec -a busybox %s/bin/own-busybox echo built\n' $out > $out/bin/own
      run chmod 755 $out/bin/own $out/bin/own-busybox
    '' ];
  };`;

beforeAll(async () => {
  server = await serveNixCache(docker.host);
  const nixpkgs = writeNixpkgs(join(site.dir, 'nixpkgs'), { extra: OWN });
  cpSync(busybox, join(nixpkgs, 'busybox'));
  putCache(site, CACHE, server, {
    sandbox: true,
    builds: { timeout: '20s', maxSilent: '10s' },
    mounts: [{ type: 'bind', source: nixpkgs, target: '/nixpkgs', readOnly: true }],
  });
  controller = site.start();
  site.put('ns-attacker', { image: TEST_NIX_IMAGE, cache: CACHE, packages: ['tool', 'own'] });
  await controller.ready('ns-attacker');
});

/** Builds what runs `script` in the sandbox's own shell; gives what it said. */
async function build(script: string): Promise<string> {
  attempts += 1;
  const expression = `derivation { name = "attack-${attempts}"; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" ''exec 2>&1; echo begins; ${script}; echo made > $out; echo ends'' ]; }`;
  const { text } = await quietly(
    docker,
    ATTACKER,
    `cat > /tmp/attack.nix <<'END'\n${expression}\nEND\nnix-build --no-out-link /tmp/attack.nix`,
    '1000',
  );
  expect(text).toMatch(/begins\n[^]*ends\n/);
  return text;
}

describe('builds in a sandbox', () => {
  it('make packages: fetched ones, and ones that are built', async () => {
    const { text } = await docker.sh(ATTACKER, 'tool; bash $(command -v own)');
    expect(text).toBe('hello from tool\nbuilt');
  });

  it('cost the keeper neither a capability nor its filter of system calls', async () => {
    const { text } = await docker.sh(
      KEEPER,
      "sed -n 's/^CapBnd:[[:space:]]*//p;s/^Seccomp:[[:space:]]*//p' /proc/1/status",
    );
    const [bounding = '', seccomp] = text.split('\n');
    // CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID.
    expect([Number.parseInt(bounding, 16), seccomp]).toEqual([0b1110_1011, '2']);
  });

  it('see their inputs, and nothing of the keeper, of other builds and of the network', async () => {
    const { hostname, port } = new URL(server.url);
    const text = await build(`
      echo "store" /nix/store/*
      echo "processes" /proc/[0-9]*
      for file in /run/kalpana /etc/nix /nix/var/nix/db /nix/var/nix/gc.lock /nix/var/nix/daemon-socket /usr/bin/nix; do
        if [ -e $file ]; then echo "SEES $file"; fi
      done
      for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /etc/passwd; do
        if (: >> $file); then echo "OPENS $file"; fi
      done
      if (: > /dev/tcp/${hostname}/${port}); then echo "REACHES"; fi
      grep () { while read -r key value; do [ "$key" != "$1" ] || echo "$key $value"; done; }
      grep CapEff: < /proc/self/status`);
    expect(text).not.toMatch(/SEES|OPENS|REACHES/);
    expect(text).toContain('CapEff: 0000000000000000');
    expect(/^processes (.*)$/m.exec(text)?.[1]?.split(' ').length).toBeLessThan(4);
    for (const path of Object.values(server.fixture.paths)) expect(text).not.toContain(path);
  });

  it('write their outputs, and no other name into the store', async () => {
    const names = ['~ -exec env -C tmp sh evil.sh ; -quit', 'held.lock', '.links/evil'];
    const before = (await docker.sh(KEEPER, 'ls -a /nix/store')).text.split('\n');
    await build(names.map((name) => `(: > "/nix/store/${name}")`).join('\n'));
    const after = (await docker.sh(KEEPER, 'ls -a /nix/store; ls /nix/store/.links')).text;
    for (const name of [...names, 'evil']) expect(after.split('\n')).not.toContain(name);
    expect(after).toContain(`-attack-${attempts}`);
    expect(before.length).toBeGreaterThan(3);
    await collected(site, CACHE);
  });

  inLongRuns('nix-bounds: without a sandbox, by the same watch over builds; contract keeper-watch', () =>
    it('end by the bounds of the cache, whatever a client lifts', async () => {
      const expression = `derivation { name = "endless"; system = builtins.currentSystem; builder = "/bin/sh";
      args = [ "-c" "echo begins; while :; do :; done" ]; }`;
      const { code, text } = await quietly(
        docker,
        ATTACKER,
        `cd /tmp; cat > endless.nix <<'END'\n${expression}\nEND\nnix-build --no-out-link --option max-silent-time 0 --option timeout 0 endless.nix`,
        '1000',
      );
      expect({ code, text }).toEqual({
        code: 1,
        text: expect.stringMatching(/begins\n[^]*(signal 9|timed out|silent)/),
      });
    }),
  );
});
