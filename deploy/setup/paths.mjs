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
/** Holds the process id of a running `npm start`. */
export const startPidFile = join(kalpanaDir, 'start.pid');
