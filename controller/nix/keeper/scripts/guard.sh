#!/bin/sh
# The keeper's part of a collection, run by the process that holds the shared lock: while a collector runs (it holds
# `collector.lock`), the daemon and its workers stand still, so that no client begins to use a path that no root keeps
# between the last look at the roots and the collection's own. The shared lock is released when the collector asks for
# it, and taken again whatever became of the collector. A collection that a client started gets no turn in between (F8).
# A part of keeper.sh.
# shellcheck disable=SC2154 # keeper.sh sets it
gc=$var/gc
lock=$(stat -c %i /nix/var/nix/gc.lock)
# Process ids of the children of $1. The daemon's are its workers, one a connection. Not from /proc/PID/stat, where a
# process may write what it likes in the place of its parent.
children() { grep -slE "^PPid:[[:space:]]+$1\$" /proc/[0-9]*/status | cut -d/ -f3; }
# Process ids that hold ("FLOCK") or wait for ("-> FLOCK") the lock in this way: READ or WRITE.
lockers() { sed -n "s/^[0-9]*: *\(-> \)*FLOCK *ADVISORY *$1 *\([0-9]*\) [0-9a-f:]*:$lock .*/\2/p" /proc/locks; }
signal() { kill "-$1" "$2" 2>/dev/null || true; }
# A worker that stood still with the lock in its hand would keep everybody out.
freeze() {
  # shellcheck disable=SC2154 # keeper.sh sets it
  signal STOP "$daemon"
  frozen=1
  tries=0
  while :; do
    for pid in $(children "$daemon"); do signal STOP "$pid"; done
    inhand=
    for pid in $(lockers READ); do
      case " $(children "$daemon" | tr '\n' ' ')" in *" $pid "*) inhand="$inhand $pid" ;; esac
    done
    [ -n "$inhand" ] || return 0
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || { thaw; return 1; }
    for pid in $inhand; do signal CONT "$pid"; done
    sleep 0.01
  done
}
thaw() {
  [ -n "$frozen" ] || return 0
  frozen=
  signal CONT "$daemon"
  for pid in $(children "$daemon"); do signal CONT "$pid"; done
}
end_foreign() {
  foreign=$(children "$daemon" | tr '\n' ' ')
  for pid in $(lockers WRITE); do
    case " $foreign" in *" $pid "*) ;; *) continue ;; esac
    echo "kalpana-keeper: ended a collection that a client had started"
    signal KILL "$pid"
  done
}
# Another process that holds the shared lock, or is the first to wait for it.
stand_in() {
  flock -s /nix/var/nix/gc.lock sleep 86400 7>&- 9>&- &
  bridge=$!
  until lockers READ | grep -qx "$bridge"; do kill -0 "$bridge" || return 1; sleep 0.01; done
}
# The kernel shows who waits for a lock only while the process that took it lives. Another one holds it from here on,
# not for an instant nobody; and who waits to collect is told by the end of his connection that he does not get to.
bridge() {
  stand_in || return 1
  flock -u 9
  sleep 0.02
  end_foreign
}
end_bridge() {
  [ -n "$bridge" ] || return 0
  for pid in $bridge $(children "$bridge"); do signal KILL "$pid"; done
  wait "$bridge" 2>/dev/null || true
  bridge=
}
guard() {
  exec 7>>"$gc/collector.lock"
  held=1
  patience=0
  if bridge && freeze; then : > "$gc/frozen"; fi
  until flock -n 7; do
    if [ -n "$held" ] && [ -e "$gc/release" ]; then end_bridge; held=; : > "$gc/released"; fi
    # Nix holds the lock alone. Whoever asks for a collection from now on stands behind one that waits already, and gets
    # no turn between Nix's end and ours: the kernel serves them in their order. A collection that is short lets nobody
    # go on before its end: there is no order to rely on then.
    if [ -n "$frozen" ] && [ -e "$gc/thaw" ]; then
      patience=$((patience + 1))
      [ "$patience" -lt 10 ] || { [ -n "$held" ] || stand_in || true; thaw; }
    fi
    [ -n "$held" ] || [ -n "$frozen" ] || end_foreign
    sleep 0.05
  done
  flock -u 7
  exec 7>&-
  until flock -n -s 9; do end_foreign; sleep 0.02; done
  end_bridge
  thaw
  rm -f "$gc/frozen" "$gc/release" "$gc/released" "$gc/thaw" "$gc/go"
}
frozen=
bridge=
