#!/bin/sh
# Looks for paths that are in use and missing; each is fetched or built once more.
# Prints `verified N`, and for each missing path `mended PATH`, or `lost PATH` for it and for all that refer to it.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
live=$gc/live
lost=$(mktemp) || exit 12
trap 'rm -f "$lost"' EXIT
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
{
  while IFS= read -r path; do is_there "$path" || printf '%s\n' "$path"; done < "$live"
  invalid_paths nix-store < "$live"
} | sort -u > "$lost"
echo "kalpana: verified $(wc -l < "$live")"
while IFS= read -r path; do
  if nix-store --repair-path -- "$path" > /dev/null 2>&1 < /dev/null && is_there "$path"; then
    printf 'kalpana: mended %s\n' "$path"
  else
    { printf '%s\n' "$path"; nix-store -q --referrers-closure -- "$path" 2>/dev/null < /dev/null; } | store_paths |
      sort -u | sed 's/^/kalpana: lost /'
  fi
done < "$lost"
