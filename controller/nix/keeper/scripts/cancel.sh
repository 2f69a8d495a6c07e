#!/bin/sh
# Ends a command of the controller by the process id that the command printed, together with all descendants. Nix is a
# grandchild of the command and does not end when its pipe is closed.
end() {
  children=$(pgrep -P "$1" 2>/dev/null || cat "/proc/$1/task/$1/children" 2>/dev/null)
  for child in $children; do end "$child"; done
  kill -TERM "$1" 2>/dev/null
}
end "$KALPANA_PID"
true
