#!/bin/sh
# How the keeper's main process (`guard`) and a collection (`collector`) tell each other how far they are; a part of
# guard.sh and of the collection's scripts. A file for each flag is the truth, in a directory that no workspace mounts.
# A pipe for each side only wakes it: a line in it may be lost with the process that read it, so a nap is short, and the
# flags are looked at after each. A pipe is opened for both directions, so that neither side waits for the other.
gc=/run/kalpana/gc
# Raises the flag $2, and wakes $1.
tell() {
  : > "$gc/$2"
  echo 1<> "$gc/to-$1"
}
is_told() { [ -e "$gc/$1" ]; }
# Waits for a line from the descriptor 6, half a second at most.
nap() { timeout 0.5 sh -c 'read -r _' <&6 || true; }
