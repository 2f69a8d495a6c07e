#!/bin/sh
# Releases what images brought that no workspace uses any more; a collection may delete it then.
set -u
for image in $KALPANA_IMAGES; do rm -rf "/nix/var/nix/gcroots/kalpana/images/$image"; done
