#!/bin/sh
# Prints `kalpana: links HEX` for the links that clients of the daemon made, such as a workspace's ./result: the bytes
# of one record `MTIME NAME<tab>TARGET<NUL>` a link, in hexadecimal, because a target may hold any byte but NUL. A part
# of other scripts.
find /nix/var/kalpana/links -mindepth 1 -type l -printf '%T@ %f\t%l\0' | od -An -v -tx1 | sed 's/^/kalpana: links/'
