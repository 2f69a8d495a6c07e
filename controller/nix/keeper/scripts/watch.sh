#!/bin/sh
# The keeper's watch over builds and over the volume's mark; a part of keeper.sh. Every client of Nix's daemon may lift
# Nix's own bounds for its builds (timeout, max-silent-time) and have the directory of a failed build kept
# (keep-failed), so the keeper enforces these by itself. Nothing that a build chose is read: ids and times come from the
# kernel, and the name of a program, which precedes them in /proc/PID/stat, is skipped up to the last bracket of the
# file.
# KALPANA_BUILD_SECONDS and KALPANA_SILENT_SECONDS are the bounds.
# shellcheck disable=SC2154 # keeper.sh sets them

# How much later than Nix itself the watch acts, in seconds: what Nix says of a build that it ends is better. A terminal
# tells of the last output only to eight seconds.
LATER=10

# Prints `PID:UID` for each process of a build user. One that has ended and that Nix has not noticed yet is among them,
# so that a build does not look young when it hands itself on from process to process.
build_processes() {
  grep -sH '^Uid:' /proc/[0-9]*/status |
    sed -n 's|^/proc/\([0-9]*\)/status:Uid:[[:space:]]*\([0-9]*\)[[:space:]].*|\1:\2|p' |
    while IFS=: read -r pid uid; do
      case " $builders " in *" $uid "*) echo "$pid:$uid" ;; esac
    done
}
processes_of() { build_processes | sed -n "s/:$1\$//p"; }
# Sets `began` to the time when the process $1 began, in seconds since the boot.
began_at() {
  { IFS= read -r fields < "/proc/$1/stat"; } 2> /dev/null || return 1
  # shellcheck disable=SC2086 # a letter and numbers
  set -- "$1" ${fields##*) }
  if [ $# -lt 21 ]; then
    # Old kernels do not escape a line break in the name.
    fields=$(cat "/proc/$1/stat" 2> /dev/null)
    # shellcheck disable=SC2086
    set -- "$1" ${fields##*) }
  fi
  [ $# -ge 21 ] || return 1
  began=$((${21} / 100))
}
# Ends all processes of the build user $1. They are stopped first, until no new one appears, because a process that is
# stopped makes no other.
end_builds() {
  echo "kalpana-keeper: ended the build of the user $1: $2" >&2
  before=
  rounds=0
  while [ "$rounds" -lt 50 ]; do
    found=$(processes_of "$1")
    [ "$found" != "$before" ] || break
    before=$found
    for pid in $found; do signal STOP "$pid"; done
    rounds=$((rounds + 1))
  done
  for pid in $(processes_of "$1"); do signal KILL "$pid"; done
}
# Ends builds that take too long. Where memory is short, the kernel takes it from builds first.
watch_times() {
  read -r now _ < /proc/uptime
  over=
  for process in $(build_processes); do
    pid=${process%:*}
    uid=${process#*:}
    { echo 1000 > "/proc/$pid/oom_score_adj"; } 2> /dev/null || true
    case " $over " in *" $uid "*) continue ;; esac
    began_at "$pid" || continue
    [ $((${now%.*} - began)) -le $((KALPANA_BUILD_SECONDS + LATER)) ] || over="$over $uid"
  done
  for uid in $over; do end_builds "$uid" "it took longer than $KALPANA_BUILD_SECONDS s"; done
}
# Ends builds that print nothing. Nix gives each build a terminal, which belongs to the build user.
watch_silence() {
  stat -c '%u %Y' /dev/pts/[0-9]* 2> /dev/null | while read -r uid last; do
    case " $builders " in *" $uid "*) ;; *) continue ;; esac
    [ $(($(date +%s) - last)) -le $((KALPANA_SILENT_SECONDS + LATER)) ] ||
      end_builds "$uid" "it printed nothing for $KALPANA_SILENT_SECONDS s"
  done
}
# Removes the directories of failed builds that clients wanted kept, and that nobody can reach. Nix gives them this mode
# then; those of builds under way are closed.
remove_kept() { find "$builds" -mindepth 1 -maxdepth 1 -perm 755 -exec rm -rf -- {} +; }
# Each build has a directory there, which the build itself cannot remove; without one there is nothing to look at.
has_builds() {
  for directory in "$builds"/*; do
    [ ! -e "$directory" ] || return 0
  done
  return 1
}
# Whoever marks the volume has stopped its workspaces first. This keeper ends at once, by itself if necessary: if it
# ended much later, because the controller was killed meanwhile, the next one would empty the store of running
# workspaces.
end_marked() {
  [ -e "$var/wipe" ] || return 1
  echo "kalpana-keeper: the volume is to be emptied" >&2
  kill -TERM $$
}
watch() {
  while ! end_marked; do
    if has_builds; then
      (watch_times) || true
      (watch_silence) || true
      (remove_kept) || true
    fi
    sleep 5
  done
}
