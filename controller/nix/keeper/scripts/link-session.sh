#!/bin/sh
# Runs link.sh repeatedly, with one request per line. A shell that is already running is fifty milliseconds of two cores
# faster than an exec.
# Prints `waits`, and after each request `ended CODE`.
echo "kalpana: waits"
while IFS=' ' read -r KALPANA_ENVIRONMENT KALPANA_WORKSPACES; do
(
. ./link.sh
)
echo "kalpana: ended $?"
done
