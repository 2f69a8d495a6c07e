#!/bin/sh
# One collection in a keeper, from the daemon's standstill to the end of Nix's own collection; as root. It holds
# `collector.lock` until it ends, and its Nix inherits the lock: as long as either lives, the keeper's guard waits
# before it takes the shared lock again.
# KALPANA_MODE: `collect` or `dry-run`. KALPANA_GO_SECONDS: how long to wait for the permission to go on.
# KALPANA_MAX_FREED: bytes, or nothing for no limit. KALPANA_GRACE: what came into the store less than so many seconds
# ago stays.
# Prints the known links and `frozen PID`, with its own process id; then, once it got the permission, `live N`,
# `damaged PATH` for a path in use that the database does not know, `dead PATH [BYTES]` for each dead path,
# `at-risk PATH`, `deleting PATH`, `freed BYTES PATHS`, `left N`.
# Exit codes: 12 no temporary file, 20 another collection is under way, 21 no standstill, 22 paths at risk, 23 no
# permission, 24 the living could not be listed, 25 the shared lock was not released, 26 the dead could not be listed,
# 27 Nix failed, 28 the store is damaged.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
exec 8>>"$gc/collector.lock"
flock -w 2 8 || { echo "another collection is under way in this keeper"; exit 20; }
echo $$ > "$gc/collector"
trap 'rm -f "$gc/collector"; tell guard ended' EXIT
rm -f "$gc/frozen" "$gc"/go.* "$gc/release" "$gc/released" "$gc/deleting" "$gc/ended"
holder=$(cat /nix/var/kalpana/running)
exec 6<> "$gc/to-collector"
# Waits at most $2 seconds for the flag $1.
await() {
  naps=0
  until is_told "$1"; do
    naps=$((naps + 1))
    [ "$naps" -le $(($2 * 2)) ] || return 1
    # Repeated, because a signal that comes while the holder is between two waits is lost.
    [ "$1" != frozen ] || kill -USR1 "$holder" || exit 21
    nap
  done
}
await frozen 30 || { echo "the daemon did not come to a standstill"; exit 21; }
. ./list-links.sh
echo "kalpana: frozen $$"
await "go.$$" "$KALPANA_GO_SECONDS" || { echo "the word to go on did not come"; exit 23; }

work=$(mktemp -d) || exit 12
trap 'rm -rf "$work" "$gc/collector"; tell guard ended' EXIT
# Everything that Nix itself takes for a root. One that leads to a missing path keeps nothing.
root_paths() {
  xargs -0 -r readlink -fz -- | to_lines | sed -n 's|^\(/nix/store/[^/]*\).*|\1|p' | store_paths | sort -u
}
find /nix/var/nix/gcroots /nix/var/nix/profiles -type l -print0 | root_paths > "$work/roots"
invalid_paths nix-store < "$work/roots" | sort > "$work/invalid"
comm -23 "$work/roots" "$work/invalid" | with_paths nix-store -qR > "$work/closures" || exit 24
store_paths < "$work/closures" | sort -u > "$gc/live"
echo "kalpana: live $(wc -l < "$gc/live")"
. ./keep-unknown.sh

tell guard release
await released 30 || { echo "the shared lock was not let go of"; exit 25; }
nix-store --gc --print-dead > "$work/printed" 2> "$work/words" || { foreign < "$work/words" | tail -n 3; exit 26; }
# An entry whose name is no store path's is not listed. Where such a name holds a newline, its first line may
# look like a path that is in use: each such line is taken out once. Most releases of Nix delete these entries
# while they print, and say so.
sed -n "s/^deleting '//p" "$work/words" | store_paths | sort > "$work/halves"
[ -s "$work/halves" ] || find /nix/store -mindepth 1 -maxdepth 1 -name '*
*' -print0 | to_lines | tr '\001' '\t' | cut -f1 | store_paths | sort > "$work/halves"
store_paths < "$work/printed" | sort | comm -23 - "$work/halves" | sort -u > "$work/dead"
comm -12 "$gc/live" "$work/dead" > "$work/risk"
if [ -s "$work/risk" ]; then sed 's/^/kalpana: at-risk /' "$work/risk"; exit 22; fi

# What each takes on the disk: PATH INODE NAMES BLOCKS for every file. One that has a name outside of what goes stays.
disk() { with_paths sh -c 'find "$@" -type d -printf "%H %i 1 %b\n" -o -printf "%H %i %n %b\n" 2>/dev/null' find; }
disk < "$work/dead" | sort > "$work/rows"
if [ "$KALPANA_MODE" = dry-run ]; then
  cut -d' ' -f1,4 "$work/rows" | {
    last=''
    sum=0
    tell() { [ -z "$last" ] || printf 'kalpana: dead %s %s\n' "$last" $((sum * 512)); }
    while IFS=' ' read -r next blocks; do
      [ "$next" = "$last" ] || { tell; last=$next; sum=0; }
      sum=$((sum + blocks))
    done
    tell
  }
  exit 0
fi
sed 's/^/kalpana: dead /' "$work/dead"
{
  nix-store --gc ${KALPANA_MAX_FREED:+--max-freed "$KALPANA_MAX_FREED"} 2>&1 > /dev/null || : > "$work/failed"
} | while IFS= read -r line; do
  case $line in
    # Nix has read the roots: a client that begins to use a path from now on tells Nix's collector itself.
    'deleting garbage'*|'deleting unused'*) tell guard deleting ;;
    "deleting '"*)
      path=${line#*\'}
      path=${path%\'*}
      if is_store_path "$path"; then printf 'kalpana: deleting %s\n' "$path"; fi ;;
    'kalpana: '*) ;;
    *error*) printf '%s\n' "$line" ;;
  esac
done
while IFS= read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path" >> "$work/left"; else printf '%s\n' "$path"; fi
done < "$work/dead" > "$work/gone"
join "$work/rows" "$work/gone" | cut -d' ' -f2- | sort | uniq -c | {
  sum=0
  # One of a file's names may be in /nix/store/.links: that one goes as well.
  while IFS=' ' read -r seen _ names blocks; do [ $((names - seen)) -gt 1 ] || sum=$((sum + blocks)); done
  echo "kalpana: freed $((sum * 512)) $(wc -l < "$work/gone")"
}
# Entries that Nix has no names for, and left.
find /nix/store -mindepth 1 -maxdepth 1 ! -name .links -print0 | to_lines | grep -avE "^$STORE_PATH\$" >> "$work/left"
[ ! -s "$work/left" ] || echo "kalpana: left $(wc -l < "$work/left")"
[ ! -e "$work/failed" ] || exit 27
exit 0
