#!/bin/sh
# Realises an environment: first the paths that were to be fetched, by their own names, then the rest. When Nix is given
# a derivation, it builds from source what no substituter serves with a valid signature; when it is given a path, it
# fails and names the path. The lock is for the case that the controller was killed meanwhile: its command continues
# here, and the next one waits for it instead of fetching the same paths a second time (F9).
# Prints `pid PID`, `closure BYTES PATH`, `built BYTES PATH` and `environment PATH`.
. ./through-daemon.sh
. ./names.sh
echo "kalpana: pid $$"
log=$(mktemp) || exit 12
trap 'rm -f "$log" "$log".*' EXIT
# What builds print may be any amount. It is passed on and not stored: only Nix's own words are, which it does not
# escape.
mkfifo "$log.all" || exit 12
grep -a -e '^/nix/store/' -e "\"text\":\"building '" "$log.all" > "$log" &
stored=$!
exec 8>>"/run/kalpana/locks/$KALPANA_KEY"
flock 8
{
  code=0
  with_paths nix-store --realise --log-format internal-json -v < "$KALPANA_FETCH_LIST" 2>&1 >/dev/null 8>&- || code=$?
  [ "$code" != 0 ] || nix-store --realise --log-format internal-json -v -- "$KALPANA_DERIVATION" 2>&1 8>&- || code=$?
  echo "$code" > "$log.code"
} | tee "$log.all"
wait "$stored"
code=$(cat "$log.code")
[ "$code" = 0 ] || exit 11
rm -f "$KALPANA_FETCH_LIST"
# The path is in Nix's own output; another query would start Nix once more.
out=$(store_paths < "$log" | tail -n 1)
nix-store -qR -- "$out" > "$log.closure" || exit 11
with_paths nix-store -q --size < "$log.closure" > "$log.sizes" || exit 11
paste -d' ' "$log.sizes" "$log.closure" > "$log.weighed"
sed 's/^/kalpana: closure /' "$log.weighed"
# What Nix would be asked, it has mostly said before: each start of it costs as much as ten small programs.
outputs() {
  if [ "$1" = "$KALPANA_DERIVATION" ]; then echo "$out"; else nix-store -q --outputs -- "$1" < /dev/null; fi
}
size() {
  weighed=$(grep -aF -m 1 -e " $1" "$log.weighed") || weighed=$(nix-store -q --size -- "$1" 2> /dev/null < /dev/null)
  weighed=${weighed%% *}
  echo "${weighed:-0}"
}
# The type is that of a build, and the last word of the line: builds may log activities of another type, of any text.
sed -n "s/^@nix .*\"text\":\"building '\([^'\"]*\.drv\)'[^\"]*\",\"type\":105}\$/\1/p" "$log" | store_paths | sort -u |
  while IFS= read -r derivation; do
    outputs "$derivation" | store_paths | while IFS= read -r built; do
      printf 'kalpana: built %s %s\n' "$(size "$built")" "$built"
    done
  done
printf 'kalpana: environment %s\n' "$out"
