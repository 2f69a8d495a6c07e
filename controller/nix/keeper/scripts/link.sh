#!/bin/sh
# Points the profiles KALPANA_WORKSPACES at KALPANA_ENVIRONMENT as `nix-env --set` does, a new generation and then one
# rename, in a hundredth of its time. A profile that points there already stays as it is.
# Prints `linked PROFILE`, or `gone` when the environment is missing.
set -u
exec 2>&1
cd /nix/var/nix/profiles/kalpana || exit 1
[ -d "$KALPANA_ENVIRONMENT" ] || { echo "kalpana: gone"; exit 13; }
# Words of ours, split at blanks, and nothing in them to expand.
for profile in $KALPANA_WORKSPACES; do
  case $profile in -* | *[!0-9a-zA-Z._-]*) echo "a profile has a name of an unknown form"; exit 14 ;; esac
  # The time goes into starting programs: a new profile, for which a workspace's start waits, takes two.
  if [ ! -L "$profile" ] || [ "$(readlink -f -- "$profile")" != "$KALPANA_ENVIRONMENT" ]; then
    last=0
    # A switch that was cut short leaves a generation above the present one, which would make that one look long unused.
    present=
    [ ! -L "$profile" ] || { present=$(readlink "$profile"); present=${present#"$profile"-}; present=${present%-link}; }
    for link in "$profile"-*-link; do
      number=${link#"$profile"-}; number=${number%-link}
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
  printf 'kalpana: linked %s\n' "$profile"
done
