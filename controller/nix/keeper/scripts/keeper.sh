#!/bin/sh
# The main process of a keeper. It prepares the volume, holds the shared lock that prevents garbage collections (F8),
# starts the watch over builds, and lives exactly as long as its nix-daemon. Neither the lock nor the daemon can outlive
# the other, because the engine ends the container with its main process. KALPANA_NIX_CONF is the complete nix.conf,
# KALPANA_PIDS the number of processes that the container may have; watch.sh names its own.
set -eu
die() { printf 'kalpana-keeper: %s\n' "$*" >&2; exit 78; }
for program in nix nix-store nix-daemon flock; do
  command -v "$program" >/dev/null ||
    die "the image has no $program: use an image with Nix outside /nix, and flock (see deploy/images/nix-keeper)"
done
# Busybox before 1.31 takes no fractions, and what waits would turn in circles.
{ timeout 0.5 true && sleep 0.01; } 2> /dev/null || die "the image's timeout or sleep takes no fractions of a second"
version=$(nix --version); version=${version##* }
case $version in
  2.35.0*) die "Nix 2.35.0 breaks the temporary roots of other versions: use another release" ;;
  [01].*|2.[0-7]|2.[0-7].*|2.[0-7][a-z]*) die "Nix $version is too old: 2.8 or newer is needed" ;;
esac
echo "kalpana-keeper: Nix $version"

var=/nix/var/kalpana
wipe() {
  # The mark is removed last, so that an interrupted wipe starts again with the next keeper.
  for entry in /nix/* /nix/.[!.]* /nix/..?*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    [ "$entry" = /nix/var ] || { chmod -R u+w "$entry" 2>/dev/null || true; rm -rf "$entry"; }
  done
  for entry in /nix/var/* "$var"/*; do
    [ "$entry" = "$var" ] || [ "$entry" = "$var/wipe" ] || rm -rf "$entry"
  done
  rm -rf "$var/wipe"
}
# A bare store of the replaced system has its paths at the root of the volume. It is only a cache, so it can be deleted
# (F1).
if [ ! -e /nix/var/nix/db/db.sqlite ]; then
  for entry in /nix/*-*; do
    case ${entry#/nix/} in
      [0-9a-df-np-sv-z][0-9a-df-np-sv-z][0-9a-df-np-sv-z][0-9a-df-np-sv-z]*-?*)
        mkdir -p "$var"; echo legacy > "$var/wipe"; break ;;
    esac
  done
fi
if [ -e "$var/wipe" ]; then
  # The keeper's own programs would be deleted too. The seed before the next start empties the volume.
  case $(readlink -f /bin/sh) in /nix/*) die "the volume has to be emptied first" ;; esac
  echo "kalpana-keeper: emptying the volume"
  wipe
fi
. ./reserve.sh
let_names_go
# An import does not outlive the keeper in which it began.
chmod -R u+w "$var/import" 2>/dev/null || true
rm -rf "$var/import"

grep -q '^nixbld:' /etc/group || {
  members=
  for i in 1 2 3 4 5 6 7 8 9 10; do
    echo "nixbld$i:x:$((30000 + i)):30000:Nix build user $i:/var/empty:/bin/false" >> /etc/passwd
    members="$members,nixbld$i"
  done
  echo "nixbld:x:30000:${members#,}" >> /etc/group
}
builders=
for name in $(sed -n 's/^nixbld:[^:]*:[^:]*://p' /etc/group | tr ',' ' '); do
  builders="$builders $(sed -n "s/^$name:[^:]*:\([0-9]*\):.*/\1/p" /etc/passwd)"
done
# Builds have their directories on the disk of the container, which workspaces do not see, and which ends with the
# keeper. Older releases of Nix take the directory from TMPDIR.
builds=/var/kalpana/builds
rm -rf "$builds"
mkdir -p "$builds"
mkdir -p /etc/nix /nix/store /nix/var/nix/profiles/kalpana /nix/var/nix/gcroots/kalpana
mkdir -p "$var/home" "$var/links" /run/kalpana/locks
# Whoever can open a file can hold its lock, on a read-only mount too (F21). Nix leaves these as it finds them.
umask 077
# CACHE_PRIVATE_PATHS has the same list.
private='builds current-load db gc-socket gcroots temproots userpool userpool2'
# shellcheck disable=SC2086 # names
(cd /nix/var/nix && mkdir -p $private && chmod 700 $private && : >> gc.lock && chmod 600 gc.lock)
mkdir -p /nix/var/log
chmod 700 /nix/var/log "$var/home" "$var/links"
chmod 711 "$var"
rm -rf "$var/locks"
umask 022
# The directory in which Nix records users' ./result links. Nix considers each of them stale, because it cannot see the
# file, and every client can make it check (F5). Nix writes through a link, but does not list the directory behind it.
auto=/nix/var/nix/gcroots/auto
if [ ! -L "$auto" ]; then
  [ ! -d "$auto" ] || { find "$auto" -mindepth 1 -maxdepth 1 -exec mv -f {} "$var/links/" ';'; rmdir "$auto"; }
  ln -s "$var/links" "$auto"
fi
chown 0:"$(sed -n 's/^nixbld:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)" /nix/store
chmod 1775 /nix/store
# A volume that is a file system of its own may let everybody write at its top, which Nix 2.34 refuses.
chmod go-w /nix
chown 29999:29999 /nix/var/nix/profiles/kalpana "$var/home" /run/kalpana/locks
# A build without a sandbox sees the keeper's files: whoever can open a lock can hold it.
chmod 700 /run/kalpana/locks
# When a container starts again, runc 1.1 gives each tmpfs the mode of the directory that it is mounted on.
chmod 1777 /tmp
chmod 1770 "$TMPDIR"
# The file may be a link into the image's own store.
rm -f /etc/nix/nix.conf
printf '%s\n' "$KALPANA_NIX_CONF" > /etc/nix/nix.conf
case $version in
  2.[89]|2.[89].*|2.1[0-9]*|2.2[01]|2.2[01].*) ;;
  *) echo "build-dir = $builds" >> /etc/nix/nix.conf ;;
esac
# A fixed-output build can request any variable of the daemon by name.
unset KALPANA_NIX_CONF

exec 9>>/nix/var/nix/gc.lock
flock -s 9
# Where earlier keepers had what guard.sh has in words.sh's directory.
rm -rf "$var/gc"
# After a kill, half-written paths are found before any build uses them, and a path that is in the database but missing
# on the disk is forgotten.
if [ -e "$var/running" ]; then
  echo "kalpana-keeper: the last keeper was killed; checking the store"
  nix-store --verify 9>&- || echo "kalpana-keeper: the store has errors, see above" >&2
fi
echo "$$" > "$var/running"
rm -f /nix/var/nix/daemon-socket/socket
# Every build user has as many processes that all of them together leave the daemon a tenth. Root is not bound by it.
bound_processes() {
  # shellcheck disable=SC2086 # numbers
  set -- $builders
  [ $# -gt 0 ] || return 0
  most=$((KALPANA_PIDS * 9 / 10 / $#))
  # shellcheck disable=SC3045 # the letter differs from shell to shell
  if (ulimit -u "$most") 2> /dev/null; then
    ulimit -u "$most"
  else
    # The engine may have set a lower bound, which stays.
    ulimit -p "$most" || true
  fi
}
(
  bound_processes
  unset KALPANA_PIDS KALPANA_BUILD_SECONDS KALPANA_SILENT_SECONDS
  TMPDIR=$builds exec nix-daemon --quiet 9>&-
) &
daemon=$!

# Once the daemon has the name of its socket.
(
  tries=0
  until [ -S /nix/var/nix/daemon-socket/socket ] || [ "$tries" -ge 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  keep_names
) 9>&- &

. ./guard.sh
mkdir -p "$gc"
chmod 700 "$gc"
rm -f "$gc"/*
mkfifo "$gc/to-guard" "$gc/to-collector"
. ./watch.sh
watch 9>&- &
asked=
trap 'asked=1' USR1
trap 'thaw; kill "$daemon" 2>/dev/null || true; wait "$daemon" || true; rm -f "$var/running"; exit 0' TERM INT
while :; do
  code=0
  wait "$daemon" || code=$?
  [ -n "$asked" ] || break
  while [ -n "$asked" ]; do asked=; guard; done
done
echo "kalpana-keeper: nix-daemon ended with code $code" >&2
exit 1
