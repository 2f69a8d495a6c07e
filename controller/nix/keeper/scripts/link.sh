#!/bin/sh
# Points the profiles KALPANA_WORKSPACES at KALPANA_ENVIRONMENT as `nix-env --set` does, a new generation and then one rename, in a
# hundredth of its time. A profile that points there already stays as it is.
# Prints `linked PROFILE`, or `gone` when the environment is missing.
set -u
exec 2>&1
cd /nix/var/nix/profiles/kalpana || exit 1
[ -d "$KALPANA_ENVIRONMENT" ] || { echo "kalpana: gone"; exit 13; }
for profile in $KALPANA_WORKSPACES; do
  # Programs are what costs here: a new profile takes two, for its start waits.
  if [ ! -L "$profile" ] || [ "$(readlink -f "$profile")" != "$KALPANA_ENVIRONMENT" ]; then
    last=0
    # What a cut switch left above the present generation is none: it would make the present one look long unused.
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
  echo "kalpana: linked $profile"
done
