import { loadScript } from '../keeper/load-script.js';

/** What a verification runs in a keeper: POSIX sh, as root. What it takes and prints stands at its head. */
export const VERIFY_STORE_SCRIPT = loadScript(new URL('./scripts/verify-store.sh', import.meta.url));
