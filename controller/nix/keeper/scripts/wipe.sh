#!/bin/sh
# Marks the volume, so that the next keeper empties it before anything else. This keeper ends soon: see watch.sh.
set -eu
mkdir -p /nix/var/kalpana
echo 'kalpana cache clear' > /nix/var/kalpana/wipe
