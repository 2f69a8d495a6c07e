#!/bin/sh
# Removes the roots of images that no workspace uses any more, so that a collection may delete their paths.
set -u
for image in $KALPANA_IMAGES; do
  case $image in *[!0-9a-f]*) continue ;; esac
  rm -rf "/nix/var/nix/gcroots/kalpana/images/$image"
done
