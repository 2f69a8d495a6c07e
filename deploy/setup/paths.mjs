// Where the set-up keeps its things. Everything it makes lies in .kalpana/, except sockets: see runDirOf in engine.mjs.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const kalpanaDir = join(root, '.kalpana');
export const cacheDir = join(kalpanaDir, 'cache');
export const demoEngineDir = join(kalpanaDir, 'engine');
export const stateDir = join(kalpanaDir, 'state');
export const specsDir = join(root, 'deploy/examples/workspaces');
export const secretsDir = join(root, 'deploy/examples/secrets');
/** What the demo adds to the examples: the cache that its packages come from. */
export const demoSpecsDir = join(kalpanaDir, 'demo/specs');
/** Held by whoever installs or builds in this clone, and by `npm start` as long as it runs. */
export const setupLock = join(kalpanaDir, 'setup.lock');
export const startLock = join(kalpanaDir, 'start.lock');
/** Holds the process id of a running `npm start`. */
export const startPidFile = join(kalpanaDir, 'start.pid');
