#!/bin/sh
# What the keeper's main process and a collection say to each other; a part of guard.sh and of the collection's scripts.
# Each has a pipe of its own that carries one word per line, in a directory that no workspace mounts. A pipe is opened
# for both directions, so that neither side waits until the other opens it, and what nobody can hear is lost.
gc=/run/kalpana/gc
# Says the word $2 to $1, `guard` or `collector`.
tell() { echo "$2" 1<> "$gc/to-$1"; }
# Prints the next word from the descriptor 6; after $1 seconds without one, nothing. `read` takes no more than one line.
# shellcheck disable=SC2016 # the inner shell expands it
hear() { timeout "$1" sh -c 'IFS= read -r word && echo "$word"' <&6; }
