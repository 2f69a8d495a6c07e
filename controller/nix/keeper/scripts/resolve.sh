#!/bin/sh
# Evaluates an environment, and finds out what realising it would fetch and build. Nix prints that on its standard
# error, with each path on a line of its own, among messages for the log. The paths to be fetched are stored in
# KALPANA_FETCH_LIST for the realisation.
# Prints `pid PID`, `derivation PATH` and `out PATH`, and `refused STATUS URL PATH` for a path that would be built from
# source only because a substituter does not let us ask for it; the PATH is left out when it lets us ask for nothing.
. ./through-daemon.sh
. ./names.sh
echo "kalpana: pid $$"
derivation=$(nix-instantiate --log-format internal-json -E "$KALPANA_EXPRESSION") || exit 10
derivation=${derivation%%!*}
printf 'kalpana: derivation %s\n' "$derivation"
wanted=$(mktemp) || exit 12
trap 'rm -f "$wanted" "$wanted".*' EXIT
nix-store --realise --dry-run -- "$derivation" > "$wanted" 2>&1
code=$?
sed 's/^ *//' "$wanted" | store_paths > "$wanted.paths"
grep -v '\.drv$' "$wanted.paths" > "$KALPANA_FETCH_LIST"
sed 's/^/kalpana: out /' "$wanted.paths"
# Nix takes the answers 401, 403 and 407 for the word that the substituter lacks the path (401 and 407 before 2.35).
# Only its debug log has the answer, so Nix is asked once more when anything but the environment itself is to be built.
# Answers of this kind are never remembered (narinfo-cache-negative-ttl), so they are all in this log.
grep '\.drv$' "$wanted.paths" | grep -vxF -e "$derivation" > "$wanted.builds"
if [ "$code" = 0 ] && [ -s "$wanted.builds" ]; then
  with_paths nix-store -q --outputs < "$wanted.builds" 2>/dev/null | store_paths > "$wanted.outputs"
  sed -E 's,.*/([^-]*)-.*,\1.narinfo,' "$wanted.outputs" > "$wanted.asked"
  echo /nix-cache-info >> "$wanted.asked"
  nix-store --realise --dry-run --debug -- "$derivation" 2>&1 |
    sed -nE "s/.*finished download of '([^' ]+)'; curl status = [0-9]+, HTTP status = (401|403|407),.*/\2 \1/p" |
    sort -u | grep -F -f "$wanted.asked" | head -n 5 |
    while read -r status url; do
      hash=${url##*/}
      path=$(grep -F -m 1 -e "/${hash%.narinfo}-" "$wanted.outputs")
      printf 'kalpana: refused %s %s %s\n' "$status" "$url" "$path"
    done
fi
foreign < "$wanted" | grep -av '^ */nix/store/'
exit "$code"
