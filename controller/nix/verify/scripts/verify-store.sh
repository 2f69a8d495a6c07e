#!/bin/sh
# Looks whether paths of the store are as they were registered: a share of all valid ones, in the order of their hashes,
# and first of all those that were damaged before. As root; it holds `verify.lock` until it and its Nix have ended.
# KALPANA_AFTER: the path that was the last one of the share before, or nothing. KALPANA_SHARE: percent, rounded up to
# whole paths. KALPANA_KNOWN: the paths that were damaged before, a line each. KALPANA_REPAIR: if it has a value, what
# is damaged is fetched or built once more.
# Prints `pid PID` and `of COUNT TOTAL`, then again and again `verified N BYTES` (sizes are those of NARs) and
# `at PATH`, from which the next run goes on; `damaged PATH`, and then with KALPANA_REPAIR `mended PATH` or `lost PATH`;
# `whole PATH` and `gone PATH`, collected meanwhile, for what was looked at by itself.
# Exit codes: 12 no temporary file, 20 another verification is under way, 26 the paths could not be listed, 27 a path
# could not be looked at.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
exec 8>> "$gc/verify.lock"
flock -n 8 || { echo "another verification is under way in this keeper"; exit 20; }
trap 'exit 143' TERM
echo "kalpana: pid $$"
# Whoever waits for the processor or the disk goes first. Not every image has these programs.
{ renice -n 19 -p $$ || true; ionice -c 3 -p $$ || true; } > /dev/null 2>&1
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT

# Whether Nix finds all paths of the file $1 as they were registered.
are_whole() {
  with_paths nix-store --verify-path < "$1" > "$work/words" 2>&1 || return 1
  ! grep -aqF 'was modified!' "$work/words"
}
is_gone() { [ "$(nix-store --check-validity --print-invalid -- "$1" 2> /dev/null < /dev/null)" = "$1" ]; }
# Whether the last words mean damage: other bytes, a disk that does not give them, or what no path of Nix has in it.
are_of_damage() {
  unlike='was modified!|Input/output error|Structure needs cleaning|Bad message|has an unsupported type'
  grep -aqE "$unlike" "$work/words" ||
    { [ ! -e "$1" ] && [ ! -L "$1" ]; }
}
# Sets `found` to what became of the path $1. It may be collected or replaced at any moment, so damage is what a second
# look finds of a path that is valid afterwards. A failure that means something else ends the run.
judge() {
  printf '%s\n' "$1" > "$work/one"
  if are_whole "$work/one" || are_whole "$work/one"; then found=whole; return; fi
  if is_gone "$1"; then found=gone; return; fi
  are_of_damage "$1" || { foreign < "$work/words" | tail -n 3; exit 27; }
  found=damaged
}
# Looks at the path $1 by itself.
look_at() {
  judge "$1"
  printf 'kalpana: %s %s\n' "$found" "$1"
  if [ "$found" = damaged ] && [ -n "$KALPANA_REPAIR" ]; then
    nix-store --repair-path -- "$1" > /dev/null 2>&1 < /dev/null || true
    judge "$1"
    case $found in whole) found=mended ;; damaged) found=lost ;; esac
    printf 'kalpana: %s %s\n' "$found" "$1"
  fi
  [ "$found" = gone ] || printf '%s\n' "$1" >> "$work/looked"
}
tell_verified() {
  with_paths nix-store -q --size < "$work/looked" 2> /dev/null | {
    sum=0
    while IFS= read -r size; do sum=$((sum + size)); done
    echo "kalpana: verified $(wc -l < "$work/looked") $sum"
  }
}

nix --extra-experimental-features nix-command path-info --all > "$work/printed" 2> "$work/words" ||
  { foreign < "$work/words" | tail -n 3; exit 26; }
store_paths < "$work/printed" | sort -u > "$work/valid"
printf '%s\n' "$KALPANA_KNOWN" | store_paths | sort -u > "$work/known"
comm -23 "$work/valid" "$work/known" > "$work/others"
total=$(wc -l < "$work/valid")
# How many are not after that path: it may be there or not.
before=0
if is_store_path "$KALPANA_AFTER"; then
  before=$(printf '%s\n' "$KALPANA_AFTER" | sort - "$work/others" | grep -nxF -e "$KALPANA_AFTER" | tail -n 1)
  before=$((${before%%:*} - 1))
fi
{ tail -n "+$((before + 1))" "$work/others"; head -n "$before" "$work/others"; } |
  head -n $(((total * KALPANA_SHARE + 99) / 100)) > "$work/share"
echo "kalpana: of $(($(wc -l < "$work/known") + $(wc -l < "$work/share"))) $total"

: > "$work/looked"
while IFS= read -r path <&3; do look_at "$path"; done 3< "$work/known"
tell_verified
# As many at a time as one run of Nix is worth, and an end of the run loses.
take_batch() {
  : > "$work/batch"
  left=50
  while [ "$left" -gt 0 ] && IFS= read -r path <&3; do
    printf '%s\n' "$path" >> "$work/batch"
    left=$((left - 1))
    last=$path
  done
  [ -s "$work/batch" ]
}
exec 3< "$work/share"
while take_batch; do
  if are_whole "$work/batch"; then
    cat "$work/batch" > "$work/looked"
  else
    : > "$work/looked"
    while IFS= read -r path <&4; do look_at "$path"; done 4< "$work/batch"
  fi
  tell_verified
  printf 'kalpana: at %s\n' "$last"
done
exit 0
