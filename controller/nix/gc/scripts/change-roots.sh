#!/bin/sh
# Makes roots, and removes others; what is made comes first. A line of KALPANA_PIN is `OWNER NAME PATH`, of KALPANA_RUN
# a path, of KALPANA_UNPIN `OWNER/NAME`, of KALPANA_FORGET the name of a link, of KALPANA_EXPIRE a file name beside the
# profiles. KALPANA_COLLECTOR is the collector's process, or nothing outside of a collection: once that has ended, a
# command of its run that comes late changes nothing. With KALPANA_GO it goes on afterwards.
set -eu
exec 2>&1
: "${KALPANA_PIN?}" "${KALPANA_RUN?}"
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
if [ -n "$KALPANA_COLLECTOR" ] && [ "$(cat "$gc/collector" 2>/dev/null)" != "$KALPANA_COLLECTOR" ]; then
  echo "the collection has ended"
  exit 1
fi
links=/nix/var/nix/gcroots/kalpana/links
run=/nix/var/nix/gcroots/kalpana/run
die() { echo "a root or a link has a name of an unknown form"; exit 1; }
lines() { printf '%s\n' "$1" | sed '/^$/d'; }
are_paths() { ! grep -avqE "^$STORE_PATH\$"; }
lines "$KALPANA_PIN" | cut -d' ' -f3- | are_paths || die
lines "$KALPANA_RUN" | are_paths || die
lines "$KALPANA_PIN" | while IFS=' ' read -r owner name path; do
  if ! is_name "$owner" || ! is_name "$name"; then die; fi
  mkdir -p -- "$links/$owner"
  ln -sfn -- "$path" "$links/$owner/.$name.new"
  mv -fT -- "$links/$owner/.$name.new" "$links/$owner/$name"
done
if [ -n "$KALPANA_RUN" ]; then mkdir -p "$run"; fi
lines "$KALPANA_RUN" | while IFS= read -r path; do ln -sfn -- "$path" "$run/${path##*/}"; done
cd /nix/var/nix/profiles/kalpana
lines "$KALPANA_EXPIRE" | while IFS= read -r file; do is_name "$file" || die; rm -f -- "./$file"; done
lines "$KALPANA_UNPIN" | while IFS=/ read -r owner name; do
  if ! is_name "$owner" || ! is_name "$name"; then die; fi
  rm -f -- "$links/$owner/$name"
  rmdir -- "$links/$owner" 2>/dev/null || true
done
cd /nix/var/kalpana/links
lines "$KALPANA_FORGET" | while IFS= read -r name; do is_name "$name" || die; rm -f -- "./$name"; done
if [ -n "$KALPANA_GO" ]; then tell collector "go.$KALPANA_COLLECTOR"; fi
