// Where the demo's packages come from: the cache's defaults where its binary cache and its nixpkgs can be reached, else
// a small binary cache made on the spot of real programs, Debian's own, each wrapped as a Nix package with the
// libraries it needs.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureNixFixture } from './nix-fixture.mjs';
import { apt, isDebianLike } from './packages.mjs';
import { demoSpecsDir, root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './say.mjs';

/** What the examples name. */
const PROGRAMS = ['jq', 'ripgrep', 'tree'];
/** The Debian packages of the C library: one Nix package, which all programs share. */
const C_LIBRARY = /^(libc6|libgcc-s1|gcc-\d+-base|libcrypt1)$/;
/** Where the keeper sees the cache. */
const INSIDE = '/srv/kalpana-demo';
const ANSWER_MS = 5_000;

/**
 * Writes the demo's NixCache into a directory of specs of its own, or removes it. Gives a line that says where the
 * packages come from. `engine` has the keeper's image.
 */
export async function ensureDemoPackages(engine, { tryInternet = true } = {}) {
  const spec = join(demoSpecsDir, 'cache.json');
  mkdirSync(demoSpecsDir, { recursive: true });
  const origin = tryInternet ? await reachableOrigin() : null;
  if (origin !== null) {
    rmSync(spec, { force: true });
    return `from ${origin}`;
  }
  if (!isDebianLike())
    throw new SetupError(
      'no binary cache on the internet can be reached, and this is no Debian or Ubuntu to make one from: ' +
        'run this where one can be reached, or remove "packages" from the specs in deploy/examples/workspaces',
    );
  const fixture = await ensureNixFixture(engine.host, demoPackages);
  writeFileSync(spec, `${JSON.stringify(nixCache(fixture), null, 2)}\n`);
  return `no binary cache on the internet can be reached: from one made of Debian's ${PROGRAMS.join(', ')}`;
}

/** The first substituter of the defaults, where it and the defaults' nixpkgs answer; else null. */
async function reachableOrigin() {
  const module = pathToFileURL(join(root, 'dist/source/check/cache-defaults.js'));
  const { DEFAULT_CACHE_CONFIG: defaults } = await import(module.href);
  const [substituter] = defaults.substituters;
  const found = await Promise.all([answers(`${substituter}/nix-cache-info`), answers(defaults.nixpkgs)]);
  return found.every(Boolean) ? substituter : null;
}

async function answers(url) {
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}

function nixCache({ cache, nixpkgs, publicKey }) {
  const inside = (path) => path.replace(dirname(cache), INSIDE);
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'NixCache',
    metadata: { name: 'default' },
    spec: {
      nixpkgs: inside(nixpkgs),
      substituters: [`file://${inside(cache)}`],
      trustedPublicKeys: [publicKey],
      mounts: [cache, nixpkgs].map((source) => ({ type: 'bind', source, target: inside(source), readOnly: true })),
    },
  };
}

/**
 * The builds read Debian's files where `prepare` lays them; their paths follow from this text alone. A program is
 * started by the loader of its own C library, so it runs in an image of any Linux.
 */
const EXPRESSION = String.raw`{ ... }:
let
  package = name: extra: script:
    derivation ({
      inherit name;
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [ "-euc" script ];
      PATH = "/usr/bin:/bin";
    } // extra);
  libc = package "libc" { } ''
    mkdir -p "$out/lib"
    find /out/programs/libc -name '*.so*' -exec cp -L {} "$out/lib" \;
    cp -L "$(find /out/programs/libc -name 'ld-linux*' | head -n 1)" "$out/lib/ld.so"
  '';
  program = name: command: package name { inherit libc command; } ''
    mkdir -p "$out/bin" "$out/lib" "$out/libexec"
    cp "/out/programs/$name/usr/bin/$command" "$out/libexec/$command"
    find "/out/programs/$name" -name '*.so.*' -exec cp -L {} "$out/lib" \;
    printf '%s\n' '#!/bin/sh' \
      "exec $libc/lib/ld.so --argv0 $command --library-path $out/lib:$libc/lib $out/libexec/$command \"\$@\"" \
      > "$out/bin/$command"
    chmod 755 "$out/bin/$command"
  '';
in
{
  inherit libc;
  jq = program "jq" "jq";
  ripgrep = program "ripgrep" "rg";
  tree = program "tree" "tree";
}
`;

const demoPackages = {
  name: 'demo',
  expression: EXPRESSION,
  cached: ['libc', ...PROGRAMS],
  uncached: [],
  compression: 'xz&compression-level=1',
  prepare: layPrograms,
  scratch: ['programs'],
};

/** Unpacks each program with its libraries into `programs/NAME`, the C library into `programs/libc`. */
async function layPrograms(work) {
  const needs = await Promise.all(PROGRAMS.map(needsOf));
  const own = (names) => names.filter((name) => !C_LIBRARY.test(name));
  const shared = new Set(needs.flat().filter((name) => C_LIBRARY.test(name)));
  const layout = [['libc', [...shared]], ...PROGRAMS.map((name, index) => [name, own(needs[index])])];
  const folder = join(work, 'programs');
  const debs = join(folder, 'debs');
  mkdirSync(debs, { recursive: true });
  const names = [...new Set(layout.flatMap(([, packages]) => packages))].sort();
  // The user _apt may not write to a folder of ours.
  await apt(['-q', '-o', 'APT::Sandbox::User=root', 'download', ...names], { cwd: debs });
  const files = readdirSync(debs);
  for (const [name, packages] of layout) {
    for (const one of packages) {
      const file = files.find((deb) => deb.startsWith(`${one}_`));
      await must('dpkg-deb', ['-x', join(debs, file), join(folder, name)]);
    }
  }
}

/** The Debian package `name` and all that it needs. */
async function needsOf(name) {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const text = await must('apt-cache', ['depends', '--recurse', ...kinds.map((kind) => `--no-${kind}`), name]);
  return text.split('\n').filter((line) => /^[a-z0-9]/.test(line));
}

async function must(command, args) {
  const { code, text } = await run(command, args);
  if (code !== 0) throw new SetupError(`${command} ${args.join(' ')} failed: ${text.trimEnd()}`);
  return text;
}
