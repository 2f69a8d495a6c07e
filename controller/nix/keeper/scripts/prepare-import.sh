#!/bin/sh
# Creates an empty directory for the copy of an image's store.
set -eu
staging=/nix/var/kalpana/import/${KALPANA_IMAGE:?}
chmod -R u+w "$staging" 2>/dev/null || true
rm -rf "$staging"
mkdir -p "$staging/nix"
