#!/bin/sh
# Ends a collector that still runs, waits until the keeper holds its lock again, and only then removes the run's own
# roots. Then names are reserved for the next run.
set -u
exec 2>&1
. ../../keeper/scripts/words.sh
. ../../keeper/scripts/reserve.sh
end() {
  children=
  read -r children 2>/dev/null < "/proc/$1/task/$1/children"
  for child in $children; do end "$child"; done
  kill -TERM "$1" 2>/dev/null
}
tries=0
while [ -e "$gc/frozen" ] || [ -e "$gc/collector" ]; do
  if [ -e "$gc/collector" ]; then
    flock -n "$gc/collector.lock" rm -f "$gc/collector" || end "$(cat "$gc/collector")"
  fi
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo "the keeper has not taken its lock again"; exit 1; }
  sleep 0.1
done
# Not below a run of another controller that has begun meanwhile: then they are its own.
exec 8>> "$gc/collector.lock"
! flock -w 1 8 || rm -rf /nix/var/nix/gcroots/kalpana/run
exec 8>&-
find /nix/var/kalpana/home -maxdepth 1 -name '*.fetch' -delete
keep_names
