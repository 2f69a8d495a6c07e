import { loadScript } from '../keeper/load-script.js';

/**
 * What a collection runs in a keeper, and the scanner in its own container: POSIX sh, as root. What each script takes
 * and prints stands at its head; what is meant for us is on lines that begin with `kalpana: `.
 */
export const ROOTS_SCRIPT = script('roots');
export const CHANGE_ROOTS_SCRIPT = script('change-roots');
export const COLLECT_SCRIPT = script('collect');
export const VERIFY_SCRIPT = script('verify');
export const RELEASE_RUN_SCRIPT = script('release-run');
export const OPTIMISE_SCRIPT = script('optimise');
export const PRESSURE_SCRIPT = script('pressure');
export const SCAN_SCRIPT = script('scan');

function script(name: string): string {
  return loadScript(new URL(`./scripts/${name}.sh`, import.meta.url));
}
