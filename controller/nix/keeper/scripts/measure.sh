#!/bin/sh
# Prints `store KIB PATHS`: kibibytes on the disk, hard-linked files counted once, and the number of paths.
set -u
echo "kalpana: store $(du -sk /nix/store | cut -f1) $(ls /nix/store | grep -vcE '\.(drv|lock|chroot)$')"
