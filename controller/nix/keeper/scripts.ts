import { loadScript } from './load-script.js';

/** The unprivileged user who runs commands through the daemon and owns the profiles. */
export const COMMAND_USER = '29999:29999';
export const COMMAND_UID = 29999;
export const ROOT_USER = '0:0';

/** The mount point of the volume in the container that runs `SEED_SCRIPT`; the script contains this path too. */
export const SEED_ROOT = '/kalpana';

/**
 * The scripts that run in a keeper: its main process, the seed, and the commands of the controller. They are POSIX sh,
 * because any Nix image may be a keeper. The head of each file documents its input and output. Values are passed in
 * variables, never as part of a script's text. Lines for the controller begin with `kalpana: `; lines of Nix's log are
 * JSON after `@nix `.
 */
export const KEEPER_SCRIPT = script('keeper');
export const SEED_SCRIPT = script('seed');
export const INVENTORY_SCRIPT = script('inventory');
export const RESOLVE_SCRIPT = script('resolve');
export const REALISE_SCRIPT = script('realise');
export const LINK_SCRIPT = script('link');
export const LINK_SESSION_SCRIPT = script('link-session');
export const PREPARE_IMPORT_SCRIPT = script('prepare-import');
export const IMPORT_SCRIPT = script('import');
export const DROP_IMPORT_SCRIPT = script('drop-import');
export const MEASURE_SCRIPT = script('measure');
export const RELEASE_SCRIPT = script('release');
export const WIPE_SCRIPT = script('wipe');
export const CANCEL_SCRIPT = script('cancel');

function script(name: string): string {
  return loadScript(new URL(`./scripts/${name}.sh`, import.meta.url));
}
