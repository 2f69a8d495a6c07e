#!/bin/sh
# Evaluates an environment and finds what realising it would fetch and build. Nix prints that on its standard error, each path on
# a line of its own, among messages that are for the log. The paths to be fetched stay in KALPANA_FETCH_LIST for the realisation.
# Prints `pid PID`, `derivation PATH` and `out PATH`.
. ./through-daemon.sh

echo "kalpana: pid $$"
derivation=$(nix-instantiate --log-format internal-json -E "$KALPANA_EXPRESSION") || exit 10
derivation=${derivation%%!*}
echo "kalpana: derivation $derivation"
wanted=$(mktemp) || exit 12
trap 'rm -f "$wanted"' EXIT
nix-store --realise --dry-run "$derivation" > "$wanted" 2>&1
code=$?
sed -n 's|^ *\(/nix/store/.*\)|\1|p' "$wanted" | grep -v '\.drv$' > "$KALPANA_FETCH_LIST"
sed 's|^ *\(/nix/store/\)|kalpana: out \1|' "$wanted"
exit "$code"
