import { loadScript } from './load-script.js';

/** The unprivileged user of commands that go through the daemon, and owner of the profiles. */
export const COMMAND_USER = '29999:29999';
export const COMMAND_UID = 29999;
export const ROOT_USER = '0:0';

/** Where the volume is mounted in the container that runs `SEED_SCRIPT`; the script names it too. */
export const SEED_ROOT = '/kalpana';

/**
 * What runs in a keeper: its main process, what fills its volume before, and the commands of the controller. POSIX sh,
 * for any Nix image may be a keeper. What each takes and prints stands at the head of its file: values come in
 * variables, never as part of a script's text; what is meant for us is on lines that begin with `kalpana: `; Nix's own
 * are JSON behind `@nix `.
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
