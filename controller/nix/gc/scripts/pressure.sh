#!/bin/sh
# What would be freed if KALPANA_CANDIDATES went, beside what KALPANA_KEEP keeps. Prints `base BYTES`, the size of the
# closures of the latter, and `own CANDIDATE PATH BYTES` for each path that only candidates keep. Bytes are NAR sizes.
# Lists that are too long for one call come in several calls, what is kept first; KALPANA_FIRST marks the first call. A
# path that is not valid weighs nothing.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
base=$gc/base
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
closure() {
  store_paths | sort -u > "$work/asked"
  invalid_paths nix-store < "$work/asked" | sort -u > "$work/invalid"
  comm -23 "$work/asked" "$work/invalid" | with_paths nix-store -qR
}
[ -z "$KALPANA_FIRST" ] || : > "$base"
printf '%s\n' "$KALPANA_KEEP" | closure | sort -u - "$base" > "$work/base"
cat "$work/base" > "$base"
with_paths nix-store -q --size < "$base" | {
  sum=0
  while IFS= read -r size; do sum=$((sum + size)); done
  echo "kalpana: base $sum"
}
printf '%s\n' "$KALPANA_CANDIDATES" | store_paths | while IFS= read -r candidate; do
  printf '%s\n' "$candidate" | closure | sort -u | comm -23 - "$base" > "$work/own"
  with_paths nix-store -q --size < "$work/own" > "$work/sizes"
  paste -d' ' "$work/own" "$work/sizes" | sed "s|^|kalpana: own $candidate |"
done
