#!/bin/sh
# Names (inodes) that a keeper's start and a collection need where the disk of the volume has no more of them, as Nix
# reserves bytes for its own collections; a part of keeper.sh, roots.sh and release-run.sh.
reserve=/nix/var/kalpana/reserve
keep_names() {
  mkdir -p "$reserve" && chmod 700 "$reserve" || return 0
  kept=0
  # Not `:`, which is a special builtin: the shell would end where there is no name left.
  while [ "$kept" -lt 512 ] && true 2> /dev/null > "$reserve/$kept"; do kept=$((kept + 1)); done
}
let_names_go() { rm -rf "$reserve"; }
has_names() { [ "$(stat -f -c %d /nix/store)" -ge 512 ] 2> /dev/null; }
