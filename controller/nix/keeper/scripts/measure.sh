#!/bin/sh
# Prints `store KIB PATHS`: kibibytes on the disk, hard-linked files counted once, and the number of paths.
set -u
. ./names.sh
paths=$(find /nix/store -mindepth 1 -maxdepth 1 -print0 | to_lines | store_paths | grep -vcE '\.(drv|lock|chroot)$')
echo "kalpana: store $(du -sk /nix/store | cut -f1) $paths"
