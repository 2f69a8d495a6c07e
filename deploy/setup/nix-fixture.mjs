// A signed binary cache of the test packages, made once a machine: built in a container that is thrown away, kept in
// .kalpana/cache.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from './dependencies.mjs';
import { call } from './engine-api.mjs';
import { makeWhole } from './making.mjs';
import { KEEPER_IMAGE } from './keeper-image.mjs';
import { cacheDir } from './paths.mjs';
import { SetupError } from './say.mjs';
import { undoable } from './undo.mjs';

/** Raised when the way of making changes. */
const RECIPE = 1;

/** As root in a container of its own, with nothing to protect and no network to wait for. */
const SETTINGS = [
  'build-users-group =',
  'sandbox = false',
  'substituters =',
  'max-jobs = 2',
  'experimental-features = nix-command',
];

/**
 * The fixture of `packages`, a set of nix-fixture-packages.mjs or the demo's. `host` is an engine with the keeper's
 * image (importKeeper). `packages.prepare` lays what the builds read into a directory, `packages.scratch` names what of
 * it goes.
 */
export async function ensureNixFixture(host, packages) {
  const dir = join(
    cacheDir,
    `nix-fixture-${packages.name}-${hashOf(JSON.stringify(packages), process.arch, String(RECIPE))}`,
  );
  if (!existsSync(dir)) await makeFixture(host, packages, dir);
  return {
    nixpkgs: join(dir, 'nixpkgs'),
    cache: join(dir, 'cache'),
    publicKey: readFileSync(join(dir, 'key.public'), 'utf8').trim(),
    secretKey: join(dir, 'key.secret'),
    paths: JSON.parse(readFileSync(join(dir, 'paths.json'), 'utf8')),
  };
}

async function makeFixture(host, packages, dir) {
  await makeWhole(dir, async (work) => {
    mkdirSync(join(work, 'nixpkgs'), { recursive: true });
    chmodSync(work, 0o755); // for users other than root too
    writeFileSync(join(work, 'nixpkgs/default.nix'), packages.expression);
    await packages.prepare?.(work);
    await runIn(host, work, scriptFor(packages));
    for (const name of packages.scratch ?? []) rmSync(join(work, name), { recursive: true, force: true });
  });
}

function scriptFor({ name, cached, uncached, compression }) {
  const paths = [...cached, ...uncached].map(
    (attribute) => `"${attribute}" = builtins.unsafeDiscardStringContext packages.${attribute}.outPath;`,
  );
  return [
    'cd /out',
    `nix-store --generate-binary-cache-key kalpana-${name}-1 key.secret key.public`,
    `paths='let packages = import ./nixpkgs { }; in { ${paths.join(' ')} }'`,
    'nix-instantiate --eval --strict --json -E "$paths" > paths.json',
    `nix-build ./nixpkgs --no-out-link ${cached.map((attribute) => `-A ${attribute}`).join(' ')} > built`,
    `nix copy --to 'file:///out/cache?compression=${compression}&secret-key=/out/key.secret' $(cat built)`,
    'rm built',
    // It belongs to whoever runs this script.
    'chown -R --reference=/out /out',
  ].join('\n');
}

async function runIn(host, work, script) {
  const body = {
    Image: KEEPER_IMAGE,
    Cmd: ['sh', '-ec', script],
    Env: [`NIX_CONFIG=${SETTINGS.join('\n')}`, 'HOME=/root'],
    Tty: true,
    HostConfig: { Binds: [`${work}:/out`], NetworkMode: 'none' },
  };
  const { Id: id } = await call(host, 'POST', '/containers/create', { body });
  const remove = () => call(host, 'DELETE', `/containers/${id}?force=1&v=1`, { ignore: [404] });
  try {
    await undoable(remove, async () => {
      await call(host, 'POST', `/containers/${id}/start`);
      const { StatusCode: code } = await call(host, 'POST', `/containers/${id}/wait`, { idleMs: 300_000 });
      if (code === 0) return;
      const log = await call(host, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`);
      throw new SetupError(`the packages could not be built:\n${log}`);
    });
  } finally {
    await remove();
  }
}
