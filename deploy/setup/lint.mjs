// What lint consists of: each tool says nothing when all is well. Caches lie in .kalpana/lint/.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { kalpanaDir } from './paths.mjs';

const cache = (name) => join(kalpanaDir, 'lint', name);

const PRETTIER = ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'];
const ESLINT = ['node_modules/eslint/bin/eslint.js', '.'];
const TSC = ['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', cache('types')];

/** The slowest first. A tool's words: a script for Node, and its arguments. */
function toolsOf(isCached) {
  const cached = (name) => ['--cache', '--cache-strategy', 'content', '--cache-location', cache(name)];
  return [
    ['rules', [...ESLINT, ...(isCached ? cached('eslint') : [])]],
    ['types', TSC],
    ['shell scripts', ['deploy/setup/check-shell.mjs']],
    ['format', [...PRETTIER, ...(isCached ? cached('prettier') : [])]],
    ['imports', ['deploy/setup/check-imports.mjs']],
    ['generated types', ['deploy/setup/generate-types.mjs', '--check']],
    ['generated reference', ['deploy/setup/generate-reference.mjs', '--check']],
    ['documents', ['deploy/setup/check-links.mjs']],
    ['lock file', ['deploy/setup/check-lock.mjs']],
  ];
}

/**
 * Runs all tools, as many at once as there are cores. `isCached`: files that did not change are not linted again; a
 * fault that another file's change causes in one of them is then found by the whole run only (`npm test`), which has no
 * cache.
 */
export async function lint(run, { isCached }) {
  const waiting = toolsOf(isCached).map(
    ([name, words]) =>
      () =>
        run.part(name, () => run.tool(words)),
  );
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
