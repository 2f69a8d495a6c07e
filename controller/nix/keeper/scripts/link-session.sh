#!/bin/sh
# link.sh again and again, one request a line: a shell that runs already is fifty milliseconds of two cores faster than
# an exec.
# Prints `waits`, and after each request `ended CODE`.
echo "kalpana: waits"
while IFS=' ' read -r KALPANA_ENVIRONMENT KALPANA_WORKSPACES; do
(
. ./link.sh
)
echo "kalpana: ended $?"
done
