// The shell scripts of controller/, copied beside the modules that load them: `node deploy/setup/copy-scripts.mjs
// dist`.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/** `into` is the folder that holds what was compiled from controller/, relative to the repository. */
export function copyScripts(into) {
  for (const name of shellScripts(into)) rmSync(join(root, into, name));
  for (const name of shellScripts('controller')) cpSync(join(root, 'controller', name), join(root, into, name));
}

/** Names of the .sh files below `folder`, relative to it, sorted. */
export function shellScripts(folder) {
  const names = readdirSync(join(root, folder), { recursive: true });
  return names.filter((name) => name.endsWith('.sh')).sort();
}

const [, program, into] = process.argv;
if (program === import.meta.filename) copyScripts(into);
