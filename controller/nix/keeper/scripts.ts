/**
 * What the controller runs in a keeper, in POSIX sh. Values come in variables, never as part of a script's text. What is
 * meant for us is on lines that begin with `kalpana: `; Nix's own are JSON behind `@nix `.
 */

/** The unprivileged user of commands that go through the daemon, and owner of the profiles. */
export const COMMAND_USER = '29999:29999';
export const COMMAND_UID = 29999;
export const ROOT_USER = '0:0';

const THROUGH_DAEMON = `set -u
exec 2>&1
umask 022
export HOME=/nix/var/kalpana/home NIX_REMOTE=daemon NIX_PATH=
`;

/** Waits for the daemon, then tells what the volume holds. As root: nothing here goes through a client's rights. */
export const INVENTORY_SCRIPT = `set -u
exec 2>&1
export HOME=/tmp
tries=0
until NIX_REMOTE=daemon nix --extra-experimental-features nix-command store ping >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "kalpana: silent"; exit 1; }
  sleep 0.1
done
# Whoever trusts what is there now loses it when the keeper ends, which it does in a moment.
[ ! -e /nix/var/kalpana/wipe ] || { echo "the volume is about to be emptied"; exit 1; }
version=$(nix --version)
echo "kalpana: version \${version##* }"
cd /nix/var/nix/profiles/kalpana
for profile in *; do
  case $profile in *-link|'*') continue ;; esac
  out=$(readlink -f "$profile") && [ -d "$out" ] && echo "kalpana: profile $profile $out"
done
cd /nix/var/nix/gcroots/kalpana
for image in images/*; do
  case $image in *.new|'images/*') continue ;; esac
  echo "kalpana: image \${image#images/}"
done
for env in $(readlink -f /nix/var/nix/profiles/kalpana/*-link | sort -u); do
  [ -d "$env" ] || continue
  closure=$(NIX_REMOTE=local nix-store -qR "$env" 2>/dev/null) || continue
  echo "kalpana: environment $env $(echo "$closure" | wc -l) $(NIX_REMOTE=local nix-store -q --size $closure | { sum=0; while read -r size; do sum=$((sum + size)); done; echo "$sum"; }) $(sed -n 's/^# packages: //p' "$env/manifest.nix" 2>/dev/null)"
done
exit 0
`;

/**
 * Evaluates an environment and tells what realising it would fetch and build. Nix says that on its standard error, each
 * path on a line of its own, among words that are for the log. What is to be fetched stays in a file for the realisation.
 */
export const RESOLVE_SCRIPT = `${THROUGH_DAEMON}
echo "kalpana: pid $$"
derivation=$(nix-instantiate --log-format internal-json -E "$KALPANA_EXPRESSION") || exit 10
derivation=\${derivation%%!*}
echo "kalpana: derivation $derivation"
wanted=$(mktemp) || exit 12
trap 'rm -f "$wanted"' EXIT
nix-store --realise --dry-run "$derivation" > "$wanted" 2>&1
code=$?
sed -n 's|^ *\\(/nix/store/.*\\)|\\1|p' "$wanted" | grep -v '\\.drv$' > "$KALPANA_FETCH_LIST"
sed 's|^ *\\(/nix/store/\\)|kalpana: out \\1|' "$wanted"
exit "$code"
`;

/**
 * Realises an environment: first what was to be fetched, by its own paths, then the rest. Asked for a derivation, Nix
 * builds from source what no substituter serves with a good signature; asked for a path, it fails and names it.
 * The lock is for a controller that was killed meanwhile: its command goes on here, and the next one waits for it instead
 * of fetching the same a second time (F9).
 */
export const REALISE_SCRIPT = `${THROUGH_DAEMON}
echo "kalpana: pid $$"
log=$(mktemp) || exit 12
trap 'rm -f "$log" "$log".*' EXIT
exec 8>>"/nix/var/kalpana/locks/$KALPANA_KEY"
flock 8
{
  code=0
  [ ! -s "$KALPANA_FETCH_LIST" ] || xargs nix-store --realise --log-format internal-json -v < "$KALPANA_FETCH_LIST" 2>&1 >/dev/null 8>&- || code=$?
  [ "$code" != 0 ] || nix-store --realise "$KALPANA_DERIVATION" --log-format internal-json -v 2>&1 8>&- || code=$?
  echo "$code" > "$log.code"
} | tee "$log"
code=$(cat "$log.code")
[ "$code" = 0 ] || exit 11
rm -f "$KALPANA_FETCH_LIST"
# Its own output is the path; asking again would be one more start of Nix.
out=$(grep -E '^/nix/store/[^ ]+$' "$log" | tail -n 1)
nix-store -qR "$out" > "$log.closure" || exit 11
xargs nix-store -q --size < "$log.closure" > "$log.sizes" || exit 11
paste -d' ' "$log.sizes" "$log.closure" | sed 's/^/kalpana: closure /'
sed -n "s/.*\\"text\\":\\"building '\\(\\/nix\\/store\\/[^']*\\.drv\\)'.*/\\1/p" "$log" | sort -u | while read -r derivation; do
  for built in $(nix-store -q --outputs "$derivation"); do
    echo "kalpana: built $(nix-store -q --size "$built" 2>/dev/null || echo 0) $built"
  done
done
echo "kalpana: environment $out"
`;

/**
 * Points profiles at an environment: as \`nix-env --set\` does, a new generation and then one rename, in a hundredth of
 * its time. A profile that points there already stays as it is.
 */
export const LINK_SCRIPT = `set -u
exec 2>&1
cd /nix/var/nix/profiles/kalpana || exit 1
[ -d "$KALPANA_ENVIRONMENT" ] || { echo "kalpana: gone"; exit 13; }
for profile in $KALPANA_WORKSPACES; do
  # Programs are what costs here: a new profile takes two, for its start waits.
  if [ ! -L "$profile" ] || [ "$(readlink -f "$profile")" != "$KALPANA_ENVIRONMENT" ]; then
    last=0
    # What a cut switch left above the present generation is none: it would make the present one look long unused.
    present=
    [ ! -L "$profile" ] || { present=$(readlink "$profile"); present=\${present#"$profile"-}; present=\${present%-link}; }
    for link in "$profile"-*-link; do
      number=\${link#"$profile"-}; number=\${number%-link}
      case $number in ''|*[!0-9]*) continue ;; esac
      case $present in ''|*[!0-9]*) ;; *) [ "$number" -le "$present" ] || { rm -f "$link"; continue; } ;; esac
      [ "$number" -le "$last" ] || last=$number
    done
    generation=$profile-$((last + 1))-link
    ln -s "$KALPANA_ENVIRONMENT" "$generation" || exit 14
    if [ -e "$profile" ] || [ -L "$profile" ]; then
      ln -sfn "$generation" ".$profile.new" && mv -T ".$profile.new" "$profile" || exit 14
    else
      ln -s "$generation" "$profile" || exit 14
    fi
  fi
  echo "kalpana: linked $profile"
done
`;

/** The same again and again, one request a line: a shell that is there already is fifty milliseconds of two cores faster than an exec. */
export const LINK_SESSION_SCRIPT = `echo "kalpana: waits"
while read -r KALPANA_ENVIRONMENT KALPANA_WORKSPACES; do
(
${LINK_SCRIPT})
echo "kalpana: ended $?"
done
`;

/**
 * Takes an image's store paths, copied beside the store before, into the cache. The image's own database is not asked,
 * for many images have none: references are found as Nix finds them, by the hashes in the files. A path that is valid
 * already is left as it is: an import never replaces one (F14).
 */
export const IMPORT_SCRIPT = `set -u
exec 2>&1
export HOME=/tmp NIX_REMOTE=local
staging=/nix/var/kalpana/import/$KALPANA_IMAGE
roots=/nix/var/nix/gcroots/kalpana/images
cd "$staging/nix/store" || exit 1
rm -rf "$staging/nix/var"
work=$(mktemp -d) || exit 12
trap 'rm -rf "$work"' EXIT
ls -A | grep -E '^[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]+$' | grep -vE '\\.(drv|lock|chroot)$' > "$work/paths"
cut -c1-32 "$work/paths" | sort -u > "$work/hashes"
while read -r path; do
  # A path that is a link is read as one: what it leads to is not the image's.
  { [ -L "$path" ] || grep -rhoaF -f "$work/hashes" "./$path" 2>/dev/null; find "./$path" -type l -printf '%l\\n' | grep -oF -f "$work/hashes"; } | sort -u | sed 's/^/^/' > "$work/found"
  grep -f "$work/found" "$work/paths" > "$work/references"
  echo "/nix/store/$path"
  nix-store --dump "./$path" > "$work/nar" || exit 15
  sha256sum < "$work/nar" | cut -c1-64
  wc -c < "$work/nar"
  echo
  wc -l < "$work/references"
  sed 's|^|/nix/store/|' "$work/references"
done < "$work/paths" > "$work/registration"
nix-store --store "local?root=$staging" --load-db < "$work/registration" || exit 15
# One list: what refers to a path is taken after it, and half an import is no import.
set -- $(sed 's|^|/nix/store/|' "$work/paths")
{ nix-store --store "local?root=$staging" --export "$@" || touch "$work/cut"; } | nix-store --import > /dev/null || exit 16
[ ! -e "$work/cut" ] || exit 15
rm -rf "$roots/$KALPANA_IMAGE.new"
mkdir -p "$roots/$KALPANA_IMAGE.new"
while read -r path; do ln -s "/nix/store/$path" "$roots/$KALPANA_IMAGE.new/$path"; done < "$work/paths"
rm -rf "\${roots:?}/$KALPANA_IMAGE"
mv -T "$roots/$KALPANA_IMAGE.new" "$roots/$KALPANA_IMAGE"
chmod -R u+w "$staging" 2>/dev/null
rm -rf "$staging"
echo "kalpana: imported $#"
`;

export const PREPARE_IMPORT_SCRIPT = `set -eu
staging=/nix/var/kalpana/import/$KALPANA_IMAGE
chmod -R u+w "$staging" 2>/dev/null || true
rm -rf "$staging"
mkdir -p "$staging/nix"
`;

/** After an import that failed: what it has copied takes room. */
export const DROP_IMPORT_SCRIPT = `staging=/nix/var/kalpana/import/$KALPANA_IMAGE
chmod -R u+w "$staging" 2>/dev/null
rm -rf "$staging"
`;

/** Bytes on disk and number of paths; hard-linked files count once. */
export const MEASURE_SCRIPT = `set -u
echo "kalpana: store $(du -sk /nix/store | cut -f1) $(ls /nix/store | grep -vcE '\\.(drv|lock|chroot)$')"
`;

/**
 * The next keeper on this volume empties it before anything else, and this one ends at once, by itself if need be: were the
 * controller killed in between, a keeper that ends much later would empty the store of workspaces that run.
 */
export const WIPE_SCRIPT = `set -eu
mkdir -p /nix/var/kalpana
echo 'kalpana cache clear' > /nix/var/kalpana/wipe
(sleep 2; kill -TERM 1) > /dev/null 2>&1 &
`;

/** Releases what images brought that no workspace uses any more; a collection may take it then. */
export const RELEASE_SCRIPT = `set -u
for image in $KALPANA_IMAGES; do rm -rf "/nix/var/nix/gcroots/kalpana/images/$image"; done
`;

/** Ends a command of ours by the process id that it told, with all below it: Nix is a child's child, and does not end with its pipe. */
export const CANCEL_SCRIPT = `end() {
  for child in $(pgrep -P "$1" 2>/dev/null || cat "/proc/$1/task/$1/children" 2>/dev/null); do end "$child"; done
  kill -TERM "$1" 2>/dev/null
}
end "$KALPANA_PID"
true
`;
