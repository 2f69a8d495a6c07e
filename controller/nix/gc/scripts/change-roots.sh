#!/bin/sh
# Makes roots, and removes others; what is made comes first. A line of KALPANA_PIN is `OWNER NAME PATH`, of KALPANA_RUN a path, of
# KALPANA_UNPIN `OWNER/NAME`, of KALPANA_FORGET the name of a link, of KALPANA_EXPIRE a file name beside the profiles. With KALPANA_GO
# the collector that waits goes on afterwards.
set -eu
exec 2>&1
links=/nix/var/nix/gcroots/kalpana/links
run=/nix/var/nix/gcroots/kalpana/run
printf '%s\n' "$KALPANA_PIN" | while read -r owner name path; do
  [ -n "$path" ] || continue
  mkdir -p "$links/$owner"
  ln -sfn "$path" "$links/$owner/.$name.new"
  mv -fT "$links/$owner/.$name.new" "$links/$owner/$name"
done
if [ -n "$KALPANA_RUN" ]; then mkdir -p "$run"; fi
for path in $KALPANA_RUN; do ln -sfn "$path" "$run/${path##*/}"; done
cd /nix/var/nix/profiles/kalpana
for file in $KALPANA_EXPIRE; do rm -f "./$file"; done
for pin in $KALPANA_UNPIN; do rm -f "${links:?}/$pin"; rmdir "$links/${pin%%/*}" 2>/dev/null || true; done
for name in $KALPANA_FORGET; do rm -f "/nix/var/kalpana/links/$name"; done
if [ -n "$KALPANA_GO" ]; then : > /nix/var/kalpana/gc/go; fi
