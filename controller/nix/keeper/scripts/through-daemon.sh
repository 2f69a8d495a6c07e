#!/bin/sh
# The environment of commands that run as an unprivileged user and go through the daemon; a part of other scripts.
set -u
exec 2>&1
umask 022
export HOME=/nix/var/kalpana/home NIX_REMOTE=daemon NIX_PATH=
