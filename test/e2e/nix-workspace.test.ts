import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { busybox } from '../../deploy/setup/test-image.mjs';
import { importImage } from '../support/e2e/images.js';
import { testEngineHost } from '../support/e2e/engine.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { serveNixCache } from '../support/nix/cache.js';
import { writeNixpkgs } from '../support/nix/packages.js';
import { cacheObjects, putCache } from '../support/nix/site.js';

const site = createSite('nix-workspace', testEngineHost());
const { docker } = site;
const CACHE = 'nw';
const ODD_IMAGE = 'kalpana/test-odd-path:1';
const BARE_IMAGE = 'kalpana/test-no-path:1';
/** One program and nothing else: no shell, no PATH. */
const SINGLE_IMAGE = 'kalpana/test-single:1';
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
let controller: Kalpana;

/** A package that needs no shell to run, from a file beside the expressions: built in the keeper. */
const STATIC = `
  static = derivation {
    name = "static-1.0"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; src = ./busybox;
    args = [ "-euc" "mkdir -p $out/bin; cp $src $out/bin/busybox; chmod 755 $out/bin/busybox" ];
  };`;

beforeAll(async () => {
  const { host } = docker;
  await importImage(host, ODD_IMAGE, {
    changes: ['CMD ["/opt/odd/sleep","infinity"]', 'ENV PATH=/opt/odd:/odd'],
    programs: ['/opt/odd/sleep', '/opt/odd/sh', '/opt/odd/cat'],
  });
  await importImage(host, BARE_IMAGE, {
    changes: ['CMD ["/bin/sleep","infinity"]'],
    programs: ['/bin/sleep', '/bin/sh', '/bin/cat'],
  });
  await importImage(host, SINGLE_IMAGE, { changes: ['CMD ["/init/sleep","infinity"]'], programs: ['/init/sleep'] });
  const server = await serveNixCache(host);
  const nixpkgs = writeNixpkgs(join(site.dir, 'nixpkgs'), { extra: STATIC });
  cpSync(busybox, join(nixpkgs, 'busybox'));
  putCache(site, CACHE, server, {
    network: 'none',
    substituters: ['file:///binary-cache'],
    mounts: [
      { type: 'bind', source: nixpkgs, target: '/nixpkgs', readOnly: true },
      { type: 'bind', source: server.fixture.cache, target: '/binary-cache', readOnly: true },
    ],
  });
  controller = site.start();
  // All of them at once: a change after the other takes longer.
  site.put('nw-a', { cache: CACHE, packages: ['hello'] });
  for (const [, name, image, env] of PATHS) site.put(name, { image, env: [...env], cache: CACHE, packages: ['hello'] });
  site.put('nw-single', { image: SINGLE_IMAGE, cache: CACHE, packages: ['static', 'hello'] });
  site.put('nw-env', {
    cache: CACHE,
    packages: ['hello'],
    env: [
      { name: 'NIX_CONFIG', value: 'cores = 1' },
      { name: 'XDG_STATE_HOME', value: '/elsewhere' },
    ],
  });
});

async function pathOf(workspace: string): Promise<readonly string[]> {
  const { Config } = await docker.container(`workspace-${workspace}`);
  return Config.Env.filter((line) => line.startsWith('PATH=')).flatMap((line) => line.slice('PATH='.length).split(':'));
}

/** The profile first, then what the image or the spec says, and people's own last. */
const pathWith = (workspace: string, base: string): readonly string[] => [
  `/nix/var/nix/profiles/kalpana/${workspace}/bin`,
  ...base.split(':'),
  '/workspace/.local/state/nix/profiles/profile/bin',
  '/workspace/.local/state/nix/profiles/per-user/root/profile/bin',
];

/** Each has what the image or the spec says behind the packages. */
const PATHS = [
  ['of an unusual PATH', 'nw-odd', ODD_IMAGE, [], '/opt/odd:/odd'],
  ['without any PATH', 'nw-bare', BARE_IMAGE, [], DEFAULT_PATH],
  ['whose PATH the spec replaces', 'nw-own', ODD_IMAGE, [{ name: 'PATH', value: '/opt/odd:/own' }], '/opt/odd:/own'],
] as const;

describe('a workspace on a cache', () => {
  it('has /nix read-only, the settings of a client, and the packages before everything else', async () => {
    await controller.ready('nw-a');
    expect((await docker.container('workspace-nw-a')).Mounts).toContainEqual(
      expect.objectContaining({ Destination: '/nix', RW: false, Name: `kalpana-nix-store-${CACHE}` }),
    );
    const { text } = await docker.sh(
      'workspace-nw-a',
      'echo $NIX_REMOTE; hello; touch /nix/store/x /nix/x /nix/var/nix/profiles/kalpana/x; rm -rf /nix/store',
    );
    expect(text.split('\n').slice(0, 2)).toEqual(['daemon', 'hello from hello 1.0']);
    expect(text.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(4);
    expect((await docker.sh('workspace-nw-a', 'hello')).code).toBe(0);
  });

  it.each(PATHS)('of an image %s keeps it behind the packages', async (_name, workspace, _image, _env, base) => {
    await controller.ready(workspace);
    expect(await pathOf(workspace)).toEqual(pathWith(workspace, base));
    expect(
      (await docker.exec(`workspace-${workspace}`, ['cat', `/nix/var/nix/profiles/kalpana/${workspace}/bin/hello`]))
        .text,
    ).toContain('hello from hello 1.0');
    expect((await docker.exec(`workspace-${workspace}`, ['sh', '-c', 'command -v hello'])).text).toBe(
      `/nix/var/nix/profiles/kalpana/${workspace}/bin/hello`,
    );
  });

  it('of an image without a shell gets its packages as well', async () => {
    await controller.ready('nw-single');
    expect(await docker.exec('workspace-nw-single', ['sh', '-c', 'true'])).not.toMatchObject({ code: 0 });
    // The engine looks for it on the container's PATH, as `docker exec` does.
    expect(await docker.exec('workspace-nw-single', ['busybox', 'echo', 'found on PATH'])).toEqual({
      code: 0,
      text: 'found on PATH',
    });
    expect(
      (
        await docker.exec('workspace-nw-single', [
          'busybox',
          'cat',
          '/nix/var/nix/profiles/kalpana/nw-single/bin/hello',
        ])
      ).text,
    ).toContain('hello from hello 1.0');
    expect((await controller.status('nw-single')).cache?.lastUse?.paths).toMatchObject({ built: 1 });
  });

  it('keeps what its spec says of the client in place of ours', async () => {
    await controller.ready('nw-env');
    const { Config } = await docker.container('workspace-nw-env');
    expect(Config.Env.filter((line) => /^(NIX_CONFIG|XDG_STATE_HOME)=/.test(line)).sort()).toEqual([
      'NIX_CONFIG=cores = 1',
      'XDG_STATE_HOME=/elsewhere',
    ]);
  });

  it('leaves nothing to do', async () => {
    expect((await site.plan()).code).toBe(0);
  });

  it('of a keeper whose spec says network "none" is served from a mount; the keeper has no network', async () => {
    const { keeper } = cacheObjects(CACHE);
    expect((await docker.sh(keeper, 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "')).text).toBe('lo');
  });
});
