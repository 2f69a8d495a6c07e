#!/bin/sh
# Ends a command of ours by the process id that it printed, with all processes below it: Nix is a child's child, and
# does not end with its pipe.
end() {
  children=$(pgrep -P "$1" 2>/dev/null || cat "/proc/$1/task/$1/children" 2>/dev/null)
  for child in $children; do end "$child"; done
  kill -TERM "$1" 2>/dev/null
}
end "$KALPANA_PID"
true
