import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder that stands for a keeper's `/nix`: scripts run in it under the machine's own `sh`, on real files, with a
 * `nix-store` that notes its arguments. An entry of the store is in use when its name ends with `-live`, and all
 * others are dead, but for those that a temporary root names. The database knows each but those whose names end with
 * `-unknown`. Entries that have no store path's name go when the dead are printed, as with Nix 2.26; with
 * FAKE_KEEPS_ODD they stay then. A path with a file `changed` is not as it was registered, one with `served` can be
 * had again, and a look at one with `stuck` fails with what that holds. A path of the file `valid` beside the store is
 * valid whether it is there or not.
 */
export interface KeeperFolder {
  readonly root: string;
  /** A path in the keeper, here. */
  path(inKeeper: string): string;
  /** Makes an entry of the store; one byte of the name a character. */
  lay(name: string): void;
  /** Names of the store's entries, as bytes. */
  entries(): Set<string>;
  /** Starts the text of a script; what it prints has this folder's paths. */
  start(script: string, env?: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams;
  /** Runs the text of a script; `lines` are those of both its outputs, with the keeper's own paths. */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<{ code: number | null; lines: string[] }>;
  /** Every argument that `nix-store` was given, as bytes. */
  asked(): string[];
  remove(): void;
}

const NIX_STORE = `#!/bin/sh
printf '%s\\0' "$@" >> "$FAKE_ROOT/asked"
cat "$FAKE_ROOT"/nix/var/nix/temproots/* 2> /dev/null | tr '\\0' '\\n' > "$FAKE_ROOT/rooted"
dead() {
  find "$FAKE_ROOT/nix/store" -mindepth 1 -maxdepth 1 ! -name '*-live' "$@" -print0 | grep -azvxFf "$FAKE_ROOT/rooted"
}
drop() { xargs -0 -r sh -c 'printf "deleting \\047%s\\047\\n" "$@"; rm -rf -- "$@"' sh >&2; }
case " $* " in
  *' --print-dead '*)
    dead | tr '\\0' '\\n'
    # As Nix 2.26 does.
    [ -n "$FAKE_KEEPS_ODD" ] || dead -regextype posix-extended ! -regex '.*/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]{1,211}' \
      | drop ;;
  *' --gc '*) dead | drop ;;
  *' --print-invalid '*) for path in "$@"; do case $path in *-unknown) printf '%s\\n' "$path" ;; esac; done ;;
  *' --verify-path '*)
    while [ "$1" != -- ]; do shift; done
    shift
    status=0
    for path in "$@"; do
      case $path in *-unknown) echo "error: path '$path' is not valid" >&2; exit 1 ;; esac
      [ -e "$path" ] || { echo "error: path '$path' does not exist" >&2; exit 1; }
      [ ! -e "$path/stuck" ] || { cat "$path/stuck" >&2; exit 1; }
      [ ! -e "$path/changed" ] || { echo "path '$path' was modified! expected hash 'a', got 'b'" >&2; status=1; }
    done
    exit "$status" ;;
  *' --repair-path '*)
    while [ "$1" != -- ]; do shift; done
    [ -e "$2/served" ] || exit 1
    rm -f "$2/changed" ;;
  *' --load-db '*) ;;
  *' -qR '*) while [ "$1" != -- ]; do shift; done; shift; printf '%s\\n' "$@" ;;
  *' --size '*) while [ "$1" != -- ]; do shift; done; shift; for path in "$@"; do echo 1000; done ;;
esac
`;

const NIX = `#!/bin/sh
[ ! -e "$FAKE_ROOT/valid" ] || cat "$FAKE_ROOT/valid"
find "$FAKE_ROOT/nix/store" -mindepth 1 -maxdepth 1 -regextype posix-extended \\
  -regex '.*/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]{1,211}' ! -name '*-unknown'
`;

/**
 * In the place of the keeper's own process: a standstill, the permission to go on and the lock's release are given at
 * once.
 */
const HOLDER = `gc=/run/kalpana/gc
echo $$ > /nix/var/kalpana/running
exec 6<> "$gc/to-guard"
trap ': > "$gc/frozen"; : > "$gc/go.$(cat "$gc/collector")"; echo 1<> "$gc/to-collector"' USR1
while :; do
  read -r _ <&6
  if [ -e "$gc/release" ]; then : > "$gc/released"; echo 1<> "$gc/to-collector"; fi
done
`;

/** `holder` is the script in the place of the keeper's own process. */
export function createKeeperFolder(holder = HOLDER): KeeperFolder {
  const root = mkdtempSync(join(tmpdir(), 'kalpana-keeper-'));
  const path = (inKeeper: string) => `${root}${inKeeper}`;
  for (const folder of ['store', 'var/kalpana/home', 'var/kalpana/links', 'var/nix/profiles/kalpana'])
    mkdirSync(path(`/nix/${folder}`), { recursive: true });
  mkdirSync(path('/nix/var/nix/gcroots/kalpana'), { recursive: true });
  mkdirSync(path('/run/kalpana/gc'), { recursive: true });
  execFileSync(
    'mkfifo',
    ['to-guard', 'to-collector'].map((pipe) => path(`/run/kalpana/gc/${pipe}`)),
  );
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/nix-store'), NIX_STORE, { mode: 0o755 });
  writeFileSync(join(root, 'bin/nix'), NIX, { mode: 0o755 });
  const env = { PATH: `${root}/bin:${process.env['PATH']}`, FAKE_ROOT: root };
  const here = (script: string) => ['-c', script.replace(/(?<!\w)\/(nix|run)\//g, `${root}/$1/`)];
  const holding = spawn('/bin/sh', here(holder), { cwd: root, env, stdio: 'ignore' });
  const start = (script: string, more: Readonly<Record<string, string>> = {}) =>
    spawn('/bin/sh', here(script), { cwd: root, env: { ...env, ...more } });
  const bytesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'latin1') : '');

  return {
    root,
    path,
    lay: (name) =>
      mkdirSync(Buffer.concat([Buffer.from(path('/nix/store/')), Buffer.from(name, 'latin1')]), { recursive: true }),
    entries: () =>
      new Set(readdirSync(path('/nix/store'), { encoding: 'buffer' }).map((name) => name.toString('latin1'))),
    start,
    run: (script, more = {}) =>
      new Promise((resolve, reject) => {
        const child = start(script, more);
        const chunks: Buffer[] = [];
        child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
        child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
        child.on('error', reject);
        child.on('close', (code) => {
          const text = Buffer.concat(chunks).toString('latin1').replaceAll(root, '');
          resolve({ code, lines: text.split('\n').filter((line) => line !== '') });
        });
      }),
    asked: () => bytesOf(join(root, 'asked')).replaceAll(root, '').split('\0').slice(0, -1),
    remove() {
      holding.kill('SIGKILL');
      rmSync(root, { recursive: true, force: true });
    },
  };
}
