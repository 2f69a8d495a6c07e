#!/bin/sh
# Runs before each start of a keeper whose image has its Nix in /nix/store, in a container of that image that ends with
# this script. The volume would hide the image's store (F14), so this script copies the store into the volume. It runs
# only while no keeper runs (F18). A path that is valid in the volume is left unchanged; when this script runs again
# after a kill, it continues.
set -eu
exec 2>&1
. ./names.sh
die() { printf 'kalpana-keeper: %s\n' "$*"; exit 78; }
export NIX_REMOTE=local HOME=/tmp NIX_CONFIG='build-users-group ='
# Must equal SEED_ROOT in scripts.ts.
root=/kalpana
volume=$root/nix
var=$volume/var/kalpana
[ -e /nix/var/nix/db/db.sqlite ] ||
  die "the image has a Nix store without a Nix database: use an image with Nix outside /nix, or one with both"
work=/tmp/kalpana-seed
mkdir -p "$work"
# The keeper cannot empty the volume itself, because its own programs are in it.
is_bare() {
  [ ! -e "$volume/var/nix/db/db.sqlite" ] || return 1
  for entry in "$volume"/????????????????????????????????-*; do [ -e "$entry" ] && return 0; done
  return 1
}
if is_bare; then mkdir -p "$var"; echo legacy > "$var/wipe"; fi
if [ -e "$var/wipe" ]; then
  for entry in "$volume"/* "$volume"/.[!.]* "$volume"/..?* "$volume"/var/* "$var"/*; do
    case $entry in "$volume/var"|"$var"|"$var/wipe") continue ;; esac
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    chmod -R u+w "$entry" 2>/dev/null || true
    rm -rf "$entry"
  done
  rm -rf "$var/wipe"
fi
nix --extra-experimental-features nix-command path-info --all > "$work/printed"
store_paths < "$work/printed" > "$work/all" || true
invalid_paths nix-store --store "local?root=$root" < "$work/all" > "$work/missing"
if [ -s "$work/missing" ]; then
  # All paths are in one list, however long, so that the export puts a path before those that refer to it.
  set -f
  # shellcheck disable=SC2046 # store paths hold no blanks, and nothing is expanded
  set -- $(cat "$work/missing")
  set +f
  { nix-store --export -- "$@" || touch "$work/cut"; } | nix-store --store "local?root=$root" --import > /dev/null
  [ ! -e "$work/cut" ] || die "the store of the image could not be read"
fi
roots=$volume/var/nix/gcroots/kalpana/keeper
rm -rf "$roots.new"
mkdir -p "$roots.new"
while IFS= read -r path; do ln -s -- "$path" "$roots.new/${path##*/}"; done < "$work/all"
rm -rf "$roots"
mv -T "$roots.new" "$roots"
# Many images have this directory in their PATH.
default=/nix/var/nix/profiles/default
if [ -e "$default" ]; then ln -sfn -- "$(readlink -f "$default")" "$volume/var/nix/profiles/default"; fi
echo "kalpana-keeper: the image's own store is in the volume"
