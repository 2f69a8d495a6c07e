#!/bin/sh
# Creates an empty directory for the copy of an image's store. Only root gets into it: in many images the store's
# directory belongs to the group of build users, and a build would add paths to the copy, or change it.
set -eu
umask 077
staging=/nix/var/kalpana/import/${KALPANA_IMAGE:?}
chmod -R u+w "$staging" 2>/dev/null || true
rm -rf "$staging"
mkdir -p "$staging/nix"
