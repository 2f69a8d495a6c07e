#!/bin/sh
# The keeper's part of a collection; a part of keeper.sh. It runs in the process that holds the shared lock. While a
# collector runs (it holds `collector.lock`), the daemon and its workers are stopped, so that no client begins to use a
# path without a root between the last check of the roots and the collection. The shared lock is released when the
# collector requests it, and taken again after the collector ended in any way. A collection that a client started does
# not run in between (F8).
# shellcheck disable=SC2154 # keeper.sh sets it
. ./words.sh
lock=$(stat -c %i /nix/var/nix/gc.lock)
# Prints the process ids of the children of $1. Those of the daemon are its workers, one per connection. /proc/PID/stat
# is not used, because a process can write anything in place of its parent there.
children() { grep -slE "^PPid:[[:space:]]+$1\$" /proc/[0-9]*/status | cut -d/ -f3; }
# Prints the ids of processes that hold ("FLOCK") or wait for ("-> FLOCK") the lock in the mode $1, READ or WRITE.
lockers() { sed -n "s/^[0-9]*: *\(-> \)*FLOCK *ADVISORY *$1 *\([0-9]*\) [0-9a-f:]*:$lock .*/\2/p" /proc/locks; }
signal() { kill "-$1" "$2" 2>/dev/null || true; }
# Stops the daemon and its workers, but no worker that holds the lock, because a stopped one would block everybody.
freeze() {
  # Before the daemon stops: this process may be told to end at any moment, and resumes it then.
  frozen=1
  # shellcheck disable=SC2154 # keeper.sh sets it
  signal STOP "$daemon"
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
# Starts another process that holds the shared lock, or is the first to wait for it.
stand_in() {
  flock -s /nix/var/nix/gc.lock sleep 86400 6>&- 7>&- 9>&- &
  bridge=$!
  until lockers READ | grep -qx "$bridge"; do kill -0 "$bridge" || return 1; sleep 0.01; done
}
# Passes the shared lock to another process, without a moment in which nobody holds it. The kernel shows who waits for a
# lock only while the process that took it lives. A client that waits to collect learns from the end of its connection
# that it cannot.
bridge() {
  stand_in || return 1
  flock -u 9
  sleep 0.02
  end_foreign
}
end_bridge() {
  [ -n "$bridge" ] || return 0
  # It may have the lock only now: a child that it made after the look would keep the lock for a day.
  signal STOP "$bridge"
  for pid in $bridge $(children "$bridge"); do signal KILL "$pid"; done
  wait "$bridge" 2>/dev/null || true
  bridge=
}
# Whether the collector and each process of its own has ended. After its last words this is a moment away.
has_ended() { if is_told ended; then flock -w 1 7; else flock -n 7; fi; }
# Nix holds the lock exclusively now. A client that requests a collection from now on waits behind a process that waits
# already, so it does not run between Nix's collection and ours, because the kernel serves them in order.
wake_daemon() {
  [ -n "$held" ] || stand_in || true
  thaw
}
guard() {
  exec 6<> "$gc/to-guard" 7>> "$gc/collector.lock"
  held=1
  naps=0
  if bridge && freeze; then tell collector frozen; fi
  asked=
  until has_ended; do
    # A new collector asks after the last one was killed: it needs a round from the beginning.
    if [ -n "$asked" ]; then
      if [ -z "$held" ] || [ -z "$frozen" ]; then break; fi
      asked=
      tell collector frozen
    fi
    if [ -n "$held" ] && is_told release; then
      end_bridge
      held=
      tell collector released
    fi
    # During a short collection nothing is resumed before its end, because clients have no order then.
    if [ -n "$frozen" ] && is_told deleting; then
      naps=$((naps + 1))
      [ "$naps" -lt 2 ] || wake_daemon
    fi
    [ -n "$held" ] || [ -n "$frozen" ] || end_foreign
    nap
  done
  exec 7>&-
  until flock -n -s 9; do end_foreign; sleep 0.05; done
  end_bridge
  thaw
  rm -f "$gc/frozen"
  exec 6>&-
}
frozen=
bridge=
