#!/bin/sh
# Removes what a failed import has copied, to free its space.
staging=/nix/var/kalpana/import/${KALPANA_IMAGE:?}
chmod -R u+w "$staging" 2>/dev/null
rm -rf "$staging"
