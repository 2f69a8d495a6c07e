#!/bin/sh
# Which store paths running processes use, seen from the host's PID namespace (F4, F12): programs, working directories,
# open and mapped files, environments and arguments of every process that mounts this cache, or whose control group says
# that it belongs to one of KALPANA_CONTAINERS (running containers that mount it, by the first 32 digits of their ids).
# Prints `path PATH`, `unreadable PID CONTAINER PROGRAM` (`-` for a process of no container), `unseen CONTAINER` for a
# container without any process here, and `scanned N`.
set -u
exec 2>&1
. ../../keeper/scripts/names.sh
mine=
while read -r _ _ device root point _; do [ "$point" != /nix ] || mine="$device $root"; done < /proc/self/mountinfo
[ -n "$mine" ] || { echo "the volume is not mounted"; exit 30; }
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
case $mine in */) printf '%s\n' " $mine" ;; *) printf '%s\n' " $mine " " $mine/" ;; esac > "$work/mounts"
# No line when there is no container: an empty pattern is found in everything.
printf '%s\n' "$KALPANA_CONTAINERS" | tr ' ' '\n' | grep -aE '^[0-9a-f]+$' > "$work/containers"
grep -aF -f "$work/containers" /proc/[0-9]*/cgroup 2> /dev/null > "$work/grouped"
# While somebody copies from a container, engine 20.10 has its volumes mounted on the host, in the view of every process
# there: below a directory that has the name of a layer.
grep -asF -f "$work/mounts" /proc/[0-9]*/mountinfo |
  grep -avE '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]*/[0-9a-f]{64}[ /]' > "$work/mounting"
{ cut -d: -f1 "$work/grouped"; cat "$work/mounting"; } | cut -d/ -f3 | grep -aE '^[0-9]+$' | sort -un > "$work/members"
grep -aohF -f "$work/containers" "$work/grouped" | sort -u > "$work/seen"
sort -u "$work/containers" | comm -23 - "$work/seen" | sed 's/^/kalpana: unseen /'

# A line for each process, of words that are process ids and our own.
of_processes() { tr ' \n' '\0\0' | xargs -0 -r "$@"; }
sed 's|.*|/proc/&/exe /proc/&/cwd /proc/&/root /proc/&/fd|' "$work/members" |
  of_processes sh -c 'find "$@" -maxdepth 1 -type l -printf "%l\n"' find > "$work/links" 2> "$work/errors"
sed 's|.*|/proc/&/maps /proc/&/environ /proc/&/cmdline|' "$work/members" |
  of_processes grep -ohaE "${STORE_PATH#/nix}" > "$work/words" 2>> "$work/errors"
{ grep -oaE "${STORE_PATH#/nix}" "$work/links"; cat "$work/words"; } | sort -u | while IFS= read -r name; do
  if [ -e "/nix$name" ] || [ -L "/nix$name" ]; then printf 'kalpana: path /nix%s\n' "$name"; fi
done

sed -nE 's#.*/proc/([0-9]+)/.*(Permission denied|Operation not permitted).*#\1#p' "$work/errors" | sort -un |
  while IFS= read -r pid; do
    # Not from `stat`, where a process may write what it likes in the place of its state.
    field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" 2> /dev/null | tr -d '\001-\011\013-\037\177'; }
    # A process that has ended meanwhile uses nothing, and one that only waits for its parent neither.
    case $(field State) in '' | [ZX]*) continue ;; esac
    owner=$(grep -aohE -m 1 '[0-9a-f]{64}' "/proc/$pid/cgroup" 2> /dev/null | tail -n 1)
    printf 'kalpana: unreadable %s %s %s\n' "$pid" "${owner:--}" "$(field Name)"
  done
echo "kalpana: scanned $(wc -l < "$work/members")"
