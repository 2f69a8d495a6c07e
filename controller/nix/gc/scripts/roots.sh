#!/bin/sh
# Lists the roots in the volume, as the first step of a run: where names are few, those that are reserved for it are let
# go. Roots that an earlier run made for processes are removed, because this run looks for itself; but not while a
# collector still runs, of a controller that was killed or of another one: this script waits for its end, longer than
# that collector waits for its permission to go on.
# Prints `busy`, or `now SECONDS`, the known links, `root MTIME LINK<tab>TARGET` and `invalid PATH`.
set -u
exec 2>&1
export HOME=/root NIX_REMOTE=local
. ../../keeper/scripts/names.sh
. ../../keeper/scripts/words.sh
. ../../keeper/scripts/reserve.sh
# A run that ends before it collects does not take them again.
has_names || let_names_go
exec 8>> "$gc/collector.lock"
flock -w 30 8 || { echo "kalpana: busy"; exit 0; }
rm -rf /nix/var/nix/gcroots/kalpana/run
exec 8>&-
# From the clock that the links' own times come from, and as precise: a link made a moment ago must not lie in the
# future.
: > /nix/var/kalpana/now
find /nix/var/kalpana/now -printf 'kalpana: now %T@\n'
. ./list-links.sh
find /nix/var/nix/gcroots /nix/var/nix/profiles -type l -printf 'root %T@ %p\t%l\0' | to_lines | sed 's/^/kalpana: /'
cd /nix/var/nix/profiles/kalpana || exit 1
find . -maxdepth 1 -type l -name '*-link' -printf '%l\0' | to_lines | store_paths | sort -u |
  invalid_paths nix-store | sed 's/^/kalpana: invalid /'
exit 0
