#!/bin/sh
# Releases what images brought that no workspace uses any more; a collection may delete it then.
set -u
for image in $KALPANA_IMAGES; do
  case $image in *[!0-9a-f]*) continue ;; esac
  rm -rf "/nix/var/nix/gcroots/kalpana/images/$image"
done
