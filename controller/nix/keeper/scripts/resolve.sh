#!/bin/sh
# Evaluates an environment, and finds out what realising it would fetch and build. Nix prints that on its standard
# error, with each path on a line of its own, among messages for the log. The paths to be fetched are stored in
# KALPANA_FETCH_LIST for the realisation.
# Prints `pid PID`, `derivation PATH` and `out PATH`.
. ./through-daemon.sh
. ./names.sh
echo "kalpana: pid $$"
derivation=$(nix-instantiate --log-format internal-json -E "$KALPANA_EXPRESSION") || exit 10
derivation=${derivation%%!*}
printf 'kalpana: derivation %s\n' "$derivation"
wanted=$(mktemp) || exit 12
trap 'rm -f "$wanted" "$wanted.paths"' EXIT
nix-store --realise --dry-run -- "$derivation" > "$wanted" 2>&1
code=$?
sed 's/^ *//' "$wanted" | store_paths > "$wanted.paths"
grep -v '\.drv$' "$wanted.paths" > "$KALPANA_FETCH_LIST"
sed 's/^/kalpana: out /' "$wanted.paths"
foreign < "$wanted" | grep -av '^ */nix/store/'
exit "$code"
