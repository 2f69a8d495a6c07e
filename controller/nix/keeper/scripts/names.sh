#!/bin/sh
# Functions for names that strangers chose; a part of other scripts. A build may create entries with any name in the
# store's directory (F20), and the target of a link may be any text. Names are therefore passed as bytes, one per line,
# accepted only in exactly the form of Nix's paths, and given to programs as separate arguments after `--`.
export LC_ALL=C
STORE_PATH='/nix/store/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]{1,211}'
# Converts names that end with NUL into lines. A newline within a name becomes the byte 1, so that one name never looks
# like two.
to_lines() { tr '\n\0' '\001\n'; }
# Prints the lines that are store paths.
store_paths() { grep -aE "^$STORE_PATH\$"; }
# Whether the argument is a store path. This starts no program, because it is called thousands of times.
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
# Runs a command with the paths of its input, as many at a time as fit; with an empty input it runs nothing.
with_paths() { tr '\n' '\0' | xargs -0 -r "$@" --; }
# Prints those of the paths of its input that are not valid for the given nix-store.
invalid_paths() { with_paths "$@" --check-validity --print-invalid; }
# Whether the argument can be the name of one of our files: it does not leave its directory, is not an option, and
# contains nothing that the shell expands.
is_name() { case $1 in '' | . | .. | -* | *[!0-9a-zA-Z+._~=-]*) return 1 ;; esac; }
# Prints the lines except those that could be mistaken for our own.
foreign() { grep -av '^kalpana: '; }
