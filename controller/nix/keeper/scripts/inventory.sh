#!/bin/sh
# Waits for the daemon, then lists the contents of the volume. It runs as root, so that nothing depends on the rights of
# a client.
# Prints `version V`, `profile NAME ENVIRONMENT`, `image ID`, `environment PATH PATHS BYTES PACKAGE...`.
set -u
exec 2>&1
export HOME=/root
. ./names.sh
total() { sum=0; while IFS= read -r size; do sum=$((sum + size)); done; echo "$sum"; }
tries=0
until NIX_REMOTE=daemon nix --extra-experimental-features nix-command store ping >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "kalpana: silent"; exit 1; }
  sleep 0.1
done
# The volume will be emptied after this keeper, which ends in a moment, so its contents must not be relied on.
[ ! -e /nix/var/kalpana/wipe ] || { echo "the volume is about to be emptied"; exit 1; }
version=$(nix --version)
printf 'kalpana: version %s\n' "${version##* }"
export NIX_REMOTE=local
closure=$(mktemp) || exit 12
trap 'rm -f "$closure"' EXIT
cd /nix/var/nix/profiles/kalpana || exit 1
for profile in *; do
  case $profile in *-link) continue ;; esac
  is_name "$profile" || continue
  out=$(readlink -f -- "$profile") || continue
  if [ -d "$out" ] && is_store_path "$out"; then printf 'kalpana: profile %s %s\n' "$profile" "$out"; fi
done
cd /nix/var/nix/gcroots/kalpana || exit 1
for image in images/*; do
  image=${image#images/}
  case $image in *.new) continue ;; esac
  if is_name "$image"; then printf 'kalpana: image %s\n' "$image"; fi
done
readlink -fz -- /nix/var/nix/profiles/kalpana/*-link | to_lines | store_paths | sort -u | while IFS= read -r env; do
  [ -d "$env" ] || continue
  nix-store -qR -- "$env" > "$closure" 2>/dev/null < /dev/null || continue
  bytes=$(with_paths nix-store -q --size < "$closure" | total)
  packages=$(sed -n '/^# packages: /{s///p;q;}' "$env/manifest.nix" 2>/dev/null)
  printf 'kalpana: environment %s %s %s %s\n' "$env" "$(wc -l < "$closure")" "$bytes" "$packages"
done
exit 0
