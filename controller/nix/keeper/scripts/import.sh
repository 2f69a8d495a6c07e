#!/bin/sh
# Imports an image's store paths, which were copied beside the store, into the cache. The image's own database is not
# used, because many images have none: references are found as Nix finds them, by the hashes in the files. A path that
# is valid already is left unchanged, because an import never replaces one (F14). KALPANA_IMAGE is the image's id.
# Prints `imported N`.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ./names.sh
staging=/nix/var/kalpana/import/${KALPANA_IMAGE:?}
roots=/nix/var/nix/gcroots/kalpana/images
cd "$staging/nix/store" || exit 1
rm -rf "$staging/nix/var"
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
find . -mindepth 1 -maxdepth 1 -printf '/nix/store/%f\0' | to_lines | store_paths |
  grep -vE '\.(drv|lock|chroot)$' | sort > "$work/all"
sed 's|.*/||' "$work/all" > "$work/paths"
cut -c1-32 "$work/paths" | sort -u > "$work/hashes"
# shellcheck disable=SC2094 # the list of paths is read only
while IFS= read -r path; do
  {
    # A path that is itself a link is not followed, because its target does not belong to the image.
    [ -L "$path" ] || grep -rhoaF -f "$work/hashes" -- "./$path" 2>/dev/null
    find "./$path" -type l -printf '%l\n' | grep -aoF -f "$work/hashes"
  } | sort -u | sed 's/^/^/' > "$work/found"
  grep -f "$work/found" "$work/paths" > "$work/references"
  printf '/nix/store/%s\n' "$path"
  nix-store --dump "./$path" > "$staging/nar" || exit 15
  sha256sum < "$staging/nar" | cut -c1-64
  wc -c < "$staging/nar"
  echo
  wc -l < "$work/references"
  sed 's|^|/nix/store/|' "$work/references"
done < "$work/paths" > "$work/registration"
nix-store --store "local?root=$staging" --load-db < "$work/registration" || exit 15
# All paths are in one list, however long, so that the export puts a path before those that refer to it, and so that an
# import is never incomplete.
set -f
# shellcheck disable=SC2046 # store paths hold no blanks, and nothing is expanded
set -- $(cat "$work/all")
set +f
{ nix-store --store "local?root=$staging" --export -- "$@" || touch "$work/cut"; } |
  nix-store --import > /dev/null || exit 16
[ ! -e "$work/cut" ] || exit 15
rm -rf "$roots/$KALPANA_IMAGE.new"
mkdir -p "$roots/$KALPANA_IMAGE.new"
while IFS= read -r path; do ln -s -- "/nix/store/$path" "$roots/$KALPANA_IMAGE.new/$path"; done < "$work/paths"
rm -rf "${roots:?}/$KALPANA_IMAGE"
mv -T "$roots/$KALPANA_IMAGE.new" "$roots/$KALPANA_IMAGE"
chmod -R u+w "$staging" 2>/dev/null
rm -rf "$staging"
echo "kalpana: imported $#"
