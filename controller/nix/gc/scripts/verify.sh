#!/bin/sh
# Looks for paths that are in use and missing; each is fetched or built once more.
# Prints `verified N`, and for each missing path `mended PATH`, or `lost PATH` for it and for all that refer to it.
set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local LC_ALL=C
live=/nix/var/kalpana/gc/live
lost=$(mktemp) || exit 12
trap 'rm -f "$lost"' EXIT
{ while read -r path; do [ -e "$path" ] || [ -L "$path" ] || echo "$path"; done < "$live"; xargs -r nix-store --check-validity --print-invalid < "$live"; } | sort -u > "$lost"
echo "kalpana: verified $(wc -l < "$live")"
while read -r path; do
  if nix-store --repair-path "$path" > /dev/null 2>&1 < /dev/null && { [ -e "$path" ] || [ -L "$path" ]; }; then echo "kalpana: mended $path"; else { echo "$path"; nix-store -q --referrers-closure "$path" 2>/dev/null; } | sort -u | sed 's/^/kalpana: lost /'; fi
done < "$lost"
