#!/bin/sh
# Keeps what Nix's collector would call dead because its database does not know of any use; a part of collect.sh.
# - A path that a root names, that is on the disk and that the database does not know is damage, never garbage: Nix
#   skips such roots. Where the keeper's own roots name one, nothing is deleted, because what it refers to is unknown as
#   well. Where a user's link or a process names one (it may be a download that was cut off), it stays with everything
#   that its files name, and the collection goes on.
# - What came into the store a moment ago stays. The time is that of the entry's last change, which a person cannot set.
# Both are told to Nix as the temporary roots of this process, in a file that counts for as long as it is locked.
# shellcheck disable=SC2154 # collect.sh sets them
existing() { while IFS= read -r path; do if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi; done; }
invalid() { invalid_paths nix-store | store_paths | sort -u; }
# What the daemon's workers have in hand is not damage: a build writes its result before the database knows of it. A
# file of temporary roots counts while somebody has it locked, for Nix as well.
for file in /nix/var/nix/temproots/*; do
  [ ! -f "$file" ] || flock -n "$file" true || cat -- "$file"
done | to_lines | store_paths | sort -u > "$work/in-hand"
existing < "$work/invalid" | sort -u | comm -23 - "$work/in-hand" > "$work/damaged"
sed 's/^/kalpana: damaged /' "$work/damaged"
# Nix 2.8 gives each client of the daemon a directory in profiles/per-user, a build as well: its links are a user's.
find /nix/var/nix/gcroots /nix/var/nix/profiles -path /nix/var/nix/gcroots/kalpana/links -prune -o \
  -path /nix/var/nix/gcroots/kalpana/run -prune -o -path /nix/var/nix/profiles/per-user -prune -o \
  -type l -print0 | root_paths | comm -12 - "$work/damaged" > "$work/own"
[ ! -s "$work/own" ] || exit 28

# The names in the files of unknown paths, again and again, until no more paths are unknown. A failed build leaves as
# many of them as it likes, each naming the next: where a few rounds are not enough, all unknown paths of the store stay
# with what they name, so that nobody's links stop a collection or hold the daemon still for long.
# A file's lines are what is between its zeros, so that holes, which cost nothing, are skipped and not read.
# shellcheck disable=SC2016 # the inner shell expands it
named() {
  with_paths sh -c 'find "$@" -type f -exec grep -azohE "$STORE_PATH" -- {} + -o -type l -printf "%l\0"' find | to_lines
}
export STORE_PATH
# A grep that cannot do that would find no names, and what they keep would go.
if [ -s "$work/damaged" ] && ! printf '%s-x\0' "/nix/store/$(printf %032d 0)" | grep -azqE "$STORE_PATH"; then
  echo "the image's grep has no -z"
  exit 24
fi
cp "$work/damaged" "$work/unknown"
cp "$work/damaged" "$work/kept"
rounds=0
while [ -s "$work/unknown" ]; do
  rounds=$((rounds + 1))
  if [ "$rounds" -gt 4 ] || [ "$(wc -l < "$work/unknown")" -gt 500 ]; then
    find /nix/store -mindepth 1 -maxdepth 1 -print0 | to_lines | store_paths | invalid > "$work/unknown"
    sort -u -o "$work/kept" "$work/kept" "$work/unknown"
    rounds=all
  fi
  named < "$work/unknown" | grep -aoE "$STORE_PATH" | sort -u | existing | comm -23 - "$work/kept" > "$work/more"
  sort -u -o "$work/kept" "$work/kept" "$work/more"
  [ "$rounds" != all ] || break
  invalid < "$work/more" > "$work/unknown"
done
[ "$KALPANA_GRACE" = 0 ] ||
  find /nix/store -mindepth 1 -maxdepth 1 -newerct "@$(($(date +%s) - KALPANA_GRACE))" -print0 |
  to_lines | store_paths >> "$work/kept"
temporary=/nix/var/nix/temproots/$$
if [ -s "$work/kept" ]; then
  mkdir -p /nix/var/nix/temproots
  umask 077
  exec 5> "$temporary" || exit 12
  umask 022
  flock -w 5 5 || exit 12
  tr '\n' '\0' < "$work/kept" >&5
  trap 'rm -rf "$work" "$gc/collector" "$temporary"; tell guard ended' EXIT
fi
