/** What a collection asks of a keeper beside the collection itself; POSIX sh, as root, told in lines that begin with `kalpana: `. */

/** `MTIME NAME<tab>FILE<zero>` for each link, in hexadecimal, as long as lines are: a file's name may hold anything but a zero byte. */
export const LIST_LINKS = String.raw`find /nix/var/kalpana/links -mindepth 1 -type l -printf '%T@ %f\t%l\0' | od -An -v -tx1 | sed 's/^/kalpana: links/'`;

/**
 * The roots in the volume. Those that an earlier run made for processes go, for this one looks for itself; but not from under a
 * collector that is still there, a killed controller's or another one's: it is waited for, longer than it waits for its word.
 */
export const ROOTS_SCRIPT = String.raw`set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local LC_ALL=C
exec 8>>/nix/var/kalpana/gc/collector.lock
tries=0
until flock -n 8; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { echo "kalpana: busy"; exit 0; }
  sleep 0.05
done
rm -rf /nix/var/nix/gcroots/kalpana/run
exec 8>&-
# By the clock that the links' own times are of, and as finely: one that was seen a moment ago is not seen in the future.
: > /nix/var/kalpana/gc/now
find /nix/var/kalpana/gc/now -printf 'kalpana: now %T@\n'
${LIST_LINKS}
find /nix/var/nix/gcroots /nix/var/nix/profiles -type l -printf 'root %T@ %p\t%l\0' | tr '\n\0' '\001\n' | sed 's/^/kalpana: /'
cd /nix/var/nix/profiles/kalpana || exit 1
find . -maxdepth 1 -type l -name '*-link' -printf '%l\n' | grep '^/nix/store/' | sort -u | xargs -r nix-store --check-validity --print-invalid | sed 's/^/kalpana: invalid /'
exit 0
`;

/**
 * Makes roots, and drops others: lines of `KALPANA_PIN` are `OWNER NAME PATH`, of `KALPANA_RUN` paths, of `KALPANA_UNPIN` `OWNER/NAME`,
 * of `KALPANA_FORGET` names of links, of `KALPANA_EXPIRE` file names beside the profiles. What is made comes first. With
 * `KALPANA_GO` the collector goes on afterwards.
 */
export const CHANGE_ROOTS_SCRIPT = String.raw`set -eu
exec 2>&1
links=/nix/var/nix/gcroots/kalpana/links
run=/nix/var/nix/gcroots/kalpana/run
printf '%s\n' "$KALPANA_PIN" | while read -r owner name path; do
  [ -n "$path" ] || continue
  mkdir -p "$links/$owner"
  ln -sfn "$path" "$links/$owner/.$name.new"
  mv -fT "$links/$owner/.$name.new" "$links/$owner/$name"
done
if [ -n "$KALPANA_RUN" ]; then mkdir -p "$run"; fi
for path in $KALPANA_RUN; do ln -sfn "$path" "$run/${'$'}{path##*/}"; done
cd /nix/var/nix/profiles/kalpana
for file in $KALPANA_EXPIRE; do rm -f "./$file"; done
for pin in $KALPANA_UNPIN; do rm -f "${'$'}{links:?}/$pin"; rmdir "$links/${'$'}{pin%%/*}" 2>/dev/null || true; done
for name in $KALPANA_FORGET; do rm -f "/nix/var/kalpana/links/$name"; done
if [ -n "$KALPANA_GO" ]; then : > /nix/var/kalpana/gc/go; fi
`;

/** What of the living is not there: each is fetched or built once more, and told with what came of that. */
export const VERIFY_SCRIPT = String.raw`set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local LC_ALL=C
live=/nix/var/kalpana/gc/live
lost=$(mktemp) || exit 12
trap 'rm -f "$lost"' EXIT
{ while read -r path; do [ -e "$path" ] || [ -L "$path" ] || echo "$path"; done < "$live"; xargs -r nix-store --check-validity --print-invalid < "$live"; } | sort -u > "$lost"
echo "kalpana: verified $(wc -l < "$live")"
while read -r path; do
  if nix-store --repair-path "$path" > /dev/null 2>&1 < /dev/null && { [ -e "$path" ] || [ -L "$path" ]; }; then echo "kalpana: mended $path"; else { echo "$path"; nix-store -q --referrers-closure "$path" 2>/dev/null; } | sort -u | sed 's/^/kalpana: lost /'; fi
done < "$lost"
`;

/** Ends a collector that is still there, waits for the keeper to have its lock again, and only then lets go of the run's own roots. */
export const RELEASE_RUN_SCRIPT = String.raw`set -u
exec 2>&1
gc=/nix/var/kalpana/gc
end() {
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do end "$child"; done
  kill -TERM "$1" 2>/dev/null
}
tries=0
while [ -e "$gc/frozen" ] || [ -e "$gc/collector" ]; do
  if [ -e "$gc/collector" ]; then flock -n "$gc/collector.lock" rm -f "$gc/collector" || end "$(cat "$gc/collector")"; fi
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { echo "the keeper has not taken its lock again"; exit 1; }
  sleep 0.05
done
rm -rf /nix/var/nix/gcroots/kalpana/run
find /nix/var/kalpana/home -maxdepth 1 -name '*.fetch' -delete
`;

export const OPTIMISE_SCRIPT = `set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local
nix-store --optimise
`;

/**
 * What would be freed by letting go of `KALPANA_CANDIDATES`, beside what `KALPANA_KEEP` keeps: `base BYTES` of the latter's
 * closures, and `own CANDIDATE PATH BYTES` for each path that only candidates keep. Bytes are NAR sizes. Lists that are too
 * long come in pieces, what is kept first; the first is told by `KALPANA_FIRST`. What is not there weighs nothing.
 */
export const PRESSURE_SCRIPT = String.raw`set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local LC_ALL=C
base=/nix/var/kalpana/gc/base
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
closure() {
  sort -u > "$work/asked"
  xargs -r nix-store --check-validity --print-invalid < "$work/asked" | sort -u | comm -23 "$work/asked" - | xargs -r nix-store -qR
}
[ -z "$KALPANA_FIRST" ] || : > "$base"
for path in $KALPANA_KEEP; do echo "$path"; done | closure | sort -u - "$base" > "$work/base"
cat "$work/base" > "$base"
xargs -r nix-store -q --size < "$base" | { sum=0; while read -r size; do sum=$((sum + size)); done; echo "kalpana: base $sum"; }
for candidate in $KALPANA_CANDIDATES; do
  echo "$candidate" | closure | sort -u | comm -23 - "$base" > "$work/own"
  xargs -r nix-store -q --size < "$work/own" > "$work/sizes"
  paste -d' ' "$work/own" "$work/sizes" | sed "s|^|kalpana: own $candidate |"
done
`;
