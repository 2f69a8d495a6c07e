#!/bin/sh
# Which store paths running processes use, seen from the host's PID namespace (F4, F12): programs, working directories, open
# and mapped files, environments and arguments of every process that mounts this cache, or whose control group says that it
# belongs to one of KALPANA_CONTAINERS (running containers that mount it, by the first 32 digits of their ids).
# Prints `path PATH`, `unreadable PID CONTAINER PROGRAM` (`-` for a process of no container), `unseen CONTAINER` for a container
# without any process here, and `scanned N`.
set -u
exec 2>&1
export LC_ALL=C
mine=
while read -r _ _ device root point _; do [ "$point" != /nix ] || mine="$device $root"; done < /proc/self/mountinfo
[ -n "$mine" ] || { echo "the volume is not mounted"; exit 30; }
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
case $mine in */) echo " $mine" ;; *) printf '%s\n' " $mine " " $mine/" ;; esac > "$work/mounts"
# Not a line when there is none: an empty pattern is in everything.
for container in $KALPANA_CONTAINERS; do echo "$container"; done > "$work/containers"
grep -F -f "$work/containers" /proc/[0-9]*/cgroup 2> /dev/null > "$work/grouped"
# While somebody copies from a container, engine 20.10 has its volumes mounted on the host, in the view of every process there:
# below a directory that has the name of a layer.
grep -sF -f "$work/mounts" /proc/[0-9]*/mountinfo | grep -vE '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]*/[0-9a-f]{64}[ /]' > "$work/mounting"
{ cut -d: -f1 "$work/grouped"; cat "$work/mounting"; } | cut -d/ -f3 | sort -un > "$work/members"
grep -ohF -f "$work/containers" "$work/grouped" | sort -u > "$work/seen"
sort -u "$work/containers" | comm -23 - "$work/seen" | sed 's/^/kalpana: unseen /'

sed 's|.*|/proc/&/exe /proc/&/cwd /proc/&/root /proc/&/fd|' "$work/members" | xargs -r sh -c 'find "$@" -maxdepth 1 -type l -printf "%l\n"' find > "$work/links" 2> "$work/errors"
sed 's|.*|/proc/&/maps /proc/&/environ /proc/&/cmdline|' "$work/members" | xargs -r grep -ohaE '/store/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]+' > "$work/words" 2>> "$work/errors"
{ grep -oaE '/store/[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]+' "$work/links"; cat "$work/words"; } | sort -u | while read -r name; do
  if [ -e "/nix$name" ] || [ -L "/nix$name" ]; then echo "kalpana: path /nix$name"; fi
done

# A process that has ended meanwhile uses nothing, and one that only waits for its parent neither.
sed -nE 's#.*/proc/([0-9]+)/.*(Permission denied|Operation not permitted).*#\1#p' "$work/errors" | sort -un | while read -r pid; do
  line=
  read -r line 2> /dev/null < "/proc/$pid/stat" || continue
  case ${line##*) } in [ZX]*) continue ;; esac
  program=${line#*(}
  owner=$(grep -ohE -m 1 '[0-9a-f]{64}' "/proc/$pid/cgroup" 2> /dev/null | tail -n 1)
  echo "kalpana: unreadable $pid ${owner:--} ${program%)*}"
done
echo "kalpana: scanned $(wc -l < "$work/members")"
