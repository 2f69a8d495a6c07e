#!/bin/sh
# One collection in a keeper, from the daemon's standstill to the end of Nix's own collection; as root. It holds
# `collector.lock` until it ends, and its Nix inherits the lock: as long as either lives, the keeper's guard waits before it
# takes the shared lock again.
# KALPANA_MODE: `collect` or `dry-run`. KALPANA_GO_MS: how long to wait for the permission to go on, in milliseconds.
# KALPANA_MAX_FREED: bytes, or nothing for no limit.
# Prints the known links and `frozen`; then, once the permission came, `live N`, `dead PATH [BYTES]` for each dead path,
# `at-risk PATH`, `deleting PATH`, `freed BYTES PATHS`, `left N`.
# Exit codes: 12 no temporary directory, 20 another collection is under way, 21 no standstill, 22 paths at risk, 23 no permission,
# 24 the living could not be listed, 25 the shared lock was not released, 26 the dead could not be listed, 27 Nix failed.
set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local LC_ALL=C
gc=/nix/var/kalpana/gc
exec 8>>"$gc/collector.lock"
flock -n 8 || { echo "another collection is under way in this keeper"; exit 20; }
echo $$ > "$gc/collector"
trap 'rm -f "$gc/collector"' EXIT
rm -f "$gc/frozen" "$gc/go" "$gc/release" "$gc/released" "$gc/thaw"
holder=$(cat /nix/var/kalpana/running)
tries=0
until [ -e "$gc/frozen" ]; do
  # Again and again: a signal that comes while the holder is between two waits is lost.
  [ $((tries % 10)) != 0 ] || kill -USR1 "$holder" || exit 21
  tries=$((tries + 1))
  [ "$tries" -lt 500 ] || { echo "the daemon did not come to a standstill"; exit 21; }
  sleep 0.02
done
. ./list-links.sh
echo "kalpana: frozen"
tries=0
until [ -e "$gc/go" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt $((KALPANA_GO_MS / 20)) ] || { echo "the word to go on did not come"; exit 23; }
  sleep 0.02
done

work=$(mktemp -d) || exit 12
trap 'rm -rf "$work" "$gc/collector"' EXIT
# Everything that Nix itself takes for a root; what a root is missing is none.
find /nix/var/nix/gcroots /nix/var/nix/profiles -type l -print0 | xargs -0 -r readlink -f | sed -n 's|^\(/nix/store/[^/]*\).*|\1|p' | sort -u > "$work/roots"
xargs -r nix-store --check-validity --print-invalid < "$work/roots" | sort > "$work/invalid"
comm -23 "$work/roots" "$work/invalid" | xargs -r nix-store -qR > "$work/closures" || exit 24
sort -u "$work/closures" > "$gc/live"
echo "kalpana: live $(wc -l < "$gc/live")"

: > "$gc/release"
tries=0
until [ -e "$gc/released" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 500 ] || { echo "the shared lock was not let go of"; exit 25; }
  sleep 0.01
done
nix-store --gc --print-dead 2> "$work/words" | sort -u > "$work/dead"
grep -qi '^error' "$work/words" && { tail -n 3 "$work/words"; exit 26; }
comm -12 "$gc/live" "$work/dead" > "$work/risk"
if [ -s "$work/risk" ]; then sed 's/^/kalpana: at-risk /' "$work/risk"; exit 22; fi

# What each takes on the disk: a file with a name outside of what goes stays.
disk() { xargs -r sh -c 'find "$@" -type d -printf "%H %i 1 %b\n" -o -printf "%H %i %n %b\n" 2>/dev/null' find; }
disk < "$work/dead" | sort > "$work/rows"
if [ "$KALPANA_MODE" = dry-run ]; then
  cut -d' ' -f1,4 "$work/rows" | { path=; sum=0; while read -r next blocks; do
    [ "$next" = "$path" ] || { [ -z "$path" ] || echo "kalpana: dead $path $((sum * 512))"; path=$next; sum=0; }
    sum=$((sum + blocks)); done; [ -z "$path" ] || echo "kalpana: dead $path $((sum * 512))"; }
  exit 0
fi
sed 's/^/kalpana: dead /' "$work/dead"
nix-store --gc ${KALPANA_MAX_FREED:+--max-freed "$KALPANA_MAX_FREED"} 2>&1 > /dev/null | while read -r line; do
  case $line in
    # The roots are read: whoever begins to use a path now tells the collector.
    'deleting garbage'*|'deleting unused'*) : > "$gc/thaw" ;;
    "deleting '"*) path=${line#*\'}; echo "kalpana: deleting ${path%\'*}" ;;
    *error*) echo "$line"; : > "$work/failed" ;;
  esac
done
while read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then echo "$path" >> "$work/left"; else echo "$path"; fi
done < "$work/dead" > "$work/gone"
join "$work/rows" "$work/gone" | cut -d' ' -f2- | sort | uniq -c | {
  sum=0
  # Of a file's names, one may be in /nix/store/.links: that goes as well.
  while read -r seen inode names blocks; do [ $((names - seen)) -gt 1 ] || sum=$((sum + blocks)); done
  echo "kalpana: freed $((sum * 512)) $(wc -l < "$work/gone")"
}
[ ! -e "$work/left" ] || echo "kalpana: left $(wc -l < "$work/left")"
[ ! -e "$work/failed" ] || exit 27
exit 0
