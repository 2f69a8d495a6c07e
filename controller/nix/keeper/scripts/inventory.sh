#!/bin/sh
# Waits for the daemon, then lists what the volume holds. As root: nothing here depends on a client's rights.
# Prints `version V`, `profile NAME ENVIRONMENT`, `image ID`, `environment PATH PATHS BYTES PACKAGE...`.
set -u
exec 2>&1
export HOME=/tmp
tries=0
until NIX_REMOTE=daemon nix --extra-experimental-features nix-command store ping >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "kalpana: silent"; exit 1; }
  sleep 0.1
done
# Whoever trusts what is there now loses it when the keeper ends, which it does in a moment.
[ ! -e /nix/var/kalpana/wipe ] || { echo "the volume is about to be emptied"; exit 1; }
version=$(nix --version)
echo "kalpana: version ${version##* }"
cd /nix/var/nix/profiles/kalpana
for profile in *; do
  case $profile in *-link|'*') continue ;; esac
  out=$(readlink -f "$profile") && [ -d "$out" ] && echo "kalpana: profile $profile $out"
done
cd /nix/var/nix/gcroots/kalpana
for image in images/*; do
  case $image in *.new|'images/*') continue ;; esac
  echo "kalpana: image ${image#images/}"
done
for env in $(readlink -f /nix/var/nix/profiles/kalpana/*-link | sort -u); do
  [ -d "$env" ] || continue
  closure=$(NIX_REMOTE=local nix-store -qR "$env" 2>/dev/null) || continue
  echo "kalpana: environment $env $(echo "$closure" | wc -l) $(NIX_REMOTE=local nix-store -q --size $closure | { sum=0; while read -r size; do sum=$((sum + size)); done; echo "$sum"; }) $(sed -n 's/^# packages: //p' "$env/manifest.nix" 2>/dev/null)"
done
exit 0
