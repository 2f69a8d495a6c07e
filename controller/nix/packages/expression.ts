/**
 * The Nix expression of one environment, for all three kinds of package and with or without a nixpkgs (F10). The
 * request arrives as JSON in the variable KALPANA_REQUEST, so text from specs is never part of an expression. The link
 * farm is Nix's own `builtin:buildenv`, with which `nix-env` builds its profiles.
 */
export const ENVIRONMENT_EXPRESSION = `
let
  request = builtins.fromJSON (builtins.getEnv "KALPANA_REQUEST");
  system = builtins.currentSystem;
  isUrl = text: builtins.match "https?://.*" text != null;
  nixpkgs =
    let loaded = import (if isUrl request.nixpkgs then builtins.fetchTarball request.nixpkgs else /. + request.nixpkgs);
    in if builtins.isFunction loaded then loaded { } else loaded;
  words = text: builtins.filter builtins.isString (builtins.split "\\\\." text);
  pick = missing: builtins.foldl' (found: key:
    if builtins.isAttrs found && found ? \${key} then found.\${key} else throw missing);
  attribute = name: pick "kalpana-missing: '\${name}' is not in \${request.nixpkgs}" nixpkgs (words name);
  flake = reference:
    let
      parts = builtins.match "([^#]*)#?(.*)" reference;
      path = if builtins.elemAt parts 1 == "" then [ "default" ] else words (builtins.elemAt parts 1);
      outputs = builtins.getFlake (builtins.elemAt parts 0);
      sets = [ (outputs.packages.\${system} or { }) (outputs.legacyPackages.\${system} or { }) outputs ];
      has = set: (builtins.foldl' (found: key: {
        ok = found.ok && builtins.isAttrs found.value && found.value ? \${key};
        value = found.value.\${key} or null;
      }) { ok = true; value = set; } path).ok;
      holding = builtins.filter has sets;
      missing = "kalpana-missing: '\${reference}' is no package of this flake for \${system}";
    in if holding == [ ] then throw missing else pick missing (builtins.head holding) path;
  storePath = path: { outPath = builtins.storePath path; };
  packageOf = { kind, name, ... }:
    if kind == "store-path" then storePath name else if kind == "flake" then flake name else attribute name;
  outputsOf = package:
    if package ? outputName
    then map (output: package.\${output}) (package.meta.outputsToInstall or package.outputs or [ "out" ])
    else [ package.outPath ];
  entry = asked:
    let package = packageOf asked; outputs = outputsOf package; priority = asked.priority or package.meta.priority or 5;
    in if !(builtins.isAttrs package && package ? outPath)
       then throw "kalpana-missing: '\${asked.name}' is no package but \${builtins.typeOf package}"
       else [ "true" (toString priority) (builtins.length outputs) ] ++ outputs;
in
derivation {
  name = "kalpana-env-\${request.key}";
  system = "builtin";
  builder = "builtin:buildenv";
  # A comment for whoever asks the store what a profile holds; the inventory does.
  manifest = builtins.toFile "kalpana-env-manifest"
    "[ ]\n# packages: \${builtins.concatStringsSep " " (map (asked: asked.name) request.packages)}\n";
  derivations = map entry request.packages;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
`;
