#!/bin/sh
# Names that strangers chose. A build may make entries of any name in the store's directory (F20), and a link's target
# may be any text: so names travel as bytes, one a line, go on only in exactly the form that Nix gives its paths, and
# reach a program as arguments of their own, after `--`. A part of other scripts.
export LC_ALL=C
STORE_PATH='/nix/store/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]{1,211}'
# Names that end with NUL, as lines: a newline within a name becomes the byte 1, so that one name never looks like two.
to_lines() { tr '\n\0' '\001\n'; }
# The lines that are store paths.
store_paths() { grep -aE "^$STORE_PATH\$"; }
# Whether this is a store path, without a program of its own: for what comes by the thousands.
is_store_path() {
  name=${1#/nix/store/}
  digits='[0-9a-df-np-sv-z][0-9a-df-np-sv-z][0-9a-df-np-sv-z][0-9a-df-np-sv-z]'
  # shellcheck disable=SC2254 # digits is a pattern
  case $name in
    "$1" | *[!0-9a-zA-Z+._?=-]*) return 1 ;;
    $digits$digits$digits$digits$digits$digits$digits$digits-?*) [ ${#name} -le 244 ] ;;
    *) return 1 ;;
  esac
}
# Runs a command on the paths of its input, as many at a time as fit; without any it runs nothing.
with_paths() { tr '\n' '\0' | xargs -0 -r "$@" --; }
# Whether this may be the name of a file of ours: no way out of its folder, no option, nothing to expand.
is_name() { case $1 in '' | . | .. | -* | *[!0-9a-zA-Z+._~=-]*) return 1 ;; esac; }
# The lines without those that would pass for our own.
foreign() { grep -av '^kalpana: '; }
