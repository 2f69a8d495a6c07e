// Packages for tests and the bench that need no nixpkgs: each is a `derivation` of /bin/sh and the keeper image's
// programs. Where the directory lies makes no difference to their store paths, so what was built once is found in the
// binary cache.

const PACKAGE = String.raw`
  # Shell for every build: "program NAME LINE" makes an executable, "noise MEGABYTES KEY" bytes that no compression
  # shrinks.
  prelude = ''
    program () {
      mkdir -p "$out/bin"
      printf '%s\n' '#!/bin/sh' "$2" > "$out/bin/$1"
      chmod 755 "$out/bin/$1"
    }
    noise () {
      mkdir -p "$out/share/$name"
      head -c "$1"000000 /dev/zero |
        openssl enc -aes-128-ctr -K "$(printf %032d "$2")" -iv "$(printf %032d 0)" > "$out/share/$name/noise"
    }
  '';
  package = name: extra: script:
    derivation ({
      inherit name;
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [ "-euc" (prelude + script) ];
      PATH = "/usr/bin:/bin";
    } // extra);
`;

const TEST_EXPRESSION = String.raw`{ ... }:
let
${PACKAGE}
  lib = package "lib-1.0" { } ''
    mkdir -p "$out/share"
    echo 'greet () { echo "hello from $1"; }' > "$out/share/greet.sh"
  '';
  big = megabytes: package
    ("big" + toString megabytes + "-1.0") { }
    ("program big" + toString megabytes + " 'echo big'; noise " + toString megabytes + " " + toString megabytes);
in
{
  inherit lib;
  hello = package "hello-1.0" { } "program hello 'echo hello from hello 1.0'";
  hello2 = package "hello-2.0" { } "program hello 'echo hello from hello 2.0'";
  # Its bin/hello is hello's too: the two do not fit into one environment.
  other = package "other-1.0" { } "program hello 'echo hello from other'; program other 'echo other'";
  # With lib in its closure.
  tool = package "tool-1.0" { inherit lib; } ''program tool ". $lib/share/greet.sh; greet tool"'';
  twin = (package "twin-1.0" { outputs = [ "out" "doc" ]; } ''
    program twin 'echo twin'
    mkdir -p "$doc/share/doc"
    echo 'read me' > "$doc/share/doc/twin"
  '') // { meta.outputsToInstall = [ "out" ]; };
  sub = {
    recurseForDerivations = true;
    inner = package "inner-1.0" { } "program inner 'echo inner'";
  };
  big1 = big 1;
  big4 = big 4;
  big16 = big 16;
  # Not in the binary cache, any of these.
  fresh = package "fresh-1.0" { } "program fresh 'echo fresh'";
  slow = package "slow-1.0" { } "echo 'slow: begins'; sleep 20; program slow 'echo slow'";
  broken = package "broken-1.0" { } "echo 'broken: this build always fails'; exit 1";
  needsBroken = package "needs-broken-1.0" {
    broken = package "broken-1.0" { } "echo 'broken: this build always fails'; exit 1";
  } "program needsBroken true";
  refused = throw "refused: its licence does not allow it";
}
`;

/** What e2e suites install; some 21 MB, of which 'big16' is 16. */
export const testPackages = {
  name: 'test',
  expression: TEST_EXPRESSION,
  cached: ['big1', 'big16', 'big4', 'hello', 'hello2', 'lib', 'other', 'sub.inner', 'tool', 'twin', 'twin.doc'],
  uncached: ['broken', 'fresh', 'needsBroken', 'slow'],
  compression: 'xz&compression-level=1',
};

const PARTS = 30;

const BENCH_EXPRESSION = String.raw`{ ... }:
let
${PACKAGE}
  part = number: package ("part-" + toString number) { } ("noise 2 " + toString number);
  parts = builtins.genList (index: part (index + 1)) ${PARTS};
in
builtins.listToAttrs (builtins.genList (index: {
  name = "part" + toString (index + 1);
  value = builtins.elemAt parts index;
}) ${PARTS})
// { suite = package "suite-1.0" { inherit parts; } ''program suite 'echo suite'; echo "$parts" > "$out/parts"''; }
`;

/** One package, `suite`, with 30 paths of 2 MB below it: what a developer's environment is to a cache. */
export const benchPackages = {
  name: 'bench',
  expression: BENCH_EXPRESSION,
  cached: ['suite', ...Array.from({ length: PARTS }, (_, index) => `part${index + 1}`)],
  uncached: [],
  compression: 'none',
};
