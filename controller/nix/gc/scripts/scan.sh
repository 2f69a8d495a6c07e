#!/bin/sh
# Which store paths running processes use, seen from the host's PID namespace (F4, F12): programs, working directories,
# open and mapped files, environments, arguments and mounts of every process that mounts this cache, or whose control
# group says that it belongs to one of KALPANA_CONTAINERS (running containers that mount it, by the first 32 digits of
# their ids).
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
# Its place in a mountinfo, and that of the paths in it.
case $mine in */) place=" ${mine}" ;; *) place=" $mine/" ;; esac
printf '%s\n' " $mine " "$place" > "$work/mounts"
# No line when there is no container: an empty pattern is found in everything.
printf '%s\n' "$KALPANA_CONTAINERS" | tr ' ' '\n' | grep -aE '^[0-9a-f]+$' > "$work/containers"
grep -aF -f "$work/containers" /proc/[0-9]*/cgroup 2> /dev/null > "$work/grouped"
# A process whose main thread has ended has its mounts and its group with the other threads (F25).
grep -lE '^State:[[:space:]]*Z' /proc/[0-9]*/status 2> /dev/null | cut -d/ -f3 | while IFS= read -r pid; do
  printf '%s\n' /proc/"$pid"/task/[0-9]*/mountinfo
done > "$work/headless"
# While somebody copies from a container, engine 20.10 has its volumes mounted on the host, in the view of every process
# there: below a directory that has the name of a layer.
{ printf '%s\n' /proc/[0-9]*/mountinfo; cat "$work/headless"; } | tr '\n' '\0' | xargs -0 grep -aHsF -f "$work/mounts" |
  grep -avE '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]*/[0-9a-f]{64}[ /]' > "$work/mounting"
tr '\n' '\0' < "$work/headless" | sed 's|/mountinfo|/cgroup|g' |
  xargs -0 -r grep -asHF -f "$work/containers" >> "$work/grouped"
# What the host itself mounts, such as a disk that is the whole volume, is in the view of every process too. Whoever
# sees only that has not entered a container: what can be read of it counts, and what cannot is no reason to stop.
cut -d' ' -f3-5 /proc/1/mountinfo | sed 's/.*/ &\t/' | sort -u > "$work/of-host"
sed 's/:/ /' "$work/mounting" | while read -r file _ _ device root point _; do
  printf ' %s %s %s\t%s\n' "$device" "$root" "$point" "$file"
done | grep -avF -f "$work/of-host" | cut -f2 > "$work/entered"
pids() { cut -d/ -f3 | grep -aE '^[0-9]+$' | sort -u; }
{ cut -d: -f1 "$work/grouped"; cut -d: -f1 "$work/mounting"; } | pids > "$work/members"
{ cut -d: -f1 "$work/grouped"; cat "$work/entered"; } | pids > "$work/inside"
grep -aohF -f "$work/containers" "$work/grouped" | sort -u > "$work/seen"
sort -u "$work/containers" | comm -23 - "$work/seen" | sed 's/^/kalpana: unseen /'

# A line for each process, of words that are process ids and our own.
of_processes() { tr ' \n' '\0\0' | xargs -0 -r "$@"; }
# Each thread may have open files, directories and mounts of its own. The memory is common to all of them, but where the
# main thread has ended, only the others show it (F25): it is read from the main thread and from one other.
while IFS= read -r pid; do
  other=
  for task in /proc/"$pid"/task/[0-9]*; do
    printf '%s\n' "$task" >&3
    [ "${task##*/}" = "$pid" ] || other=$task
  done
  printf '%s\n' "/proc/$pid" ${other:+"$other"} >&4
done < "$work/members" 3> "$work/tasks" 4> "$work/memories"
sed 's|.*|&/exe &/cwd &/root &/fd|' "$work/tasks" |
  of_processes sh -c 'find "$@" -maxdepth 1 -type l -printf "%l\n"' find > "$work/links" 2> "$work/errors"
sed 's|.*|&/maps &/environ &/cmdline|' "$work/memories" |
  of_processes grep -ohaE "${STORE_PATH#/nix}" > "$work/words" 2>> "$work/errors"
# A store path that is mounted somewhere else.
sed 's|.*|&/mountinfo|' "$work/tasks" | of_processes grep -ahF -e "${place}store/" >> "$work/links" 2>> "$work/errors"
{ grep -oaE "${STORE_PATH#/nix}" "$work/links"; cat "$work/words"; } | sort -u | while IFS= read -r name; do
  if [ -e "/nix$name" ] || [ -L "/nix$name" ]; then printf 'kalpana: path /nix%s\n' "$name"; fi
done

sed -nE 's#.*/proc/([0-9]+)/.*(Permission denied|Operation not permitted).*#\1#p' "$work/errors" | sort -u |
  comm -12 - "$work/inside" | while IFS= read -r pid; do
    # Not from `stat`, where a process may write what it likes in the place of its state.
    field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" 2> /dev/null | tr -d '\001-\011\013-\037\177'; }
    # A process that has ended meanwhile uses nothing, and one that only waits for its parent neither.
    case $(field State) in '' | X*) continue ;; Z*) [ "$(field Threads)" -gt 1 ] || continue ;; esac
    owner=$(grep -aohE -m 1 '[0-9a-f]{64}' "/proc/$pid/cgroup" 2> /dev/null | tail -n 1)
    printf 'kalpana: unreadable %s %s %s\n' "$pid" "${owner:--}" "$(field Name)"
  done
echo "kalpana: scanned $(wc -l < "$work/members")"
