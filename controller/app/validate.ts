import type { ValidateOptions } from '../cli/actions.js';
import { EXIT } from '../cli/exit-codes.js';
import type { CliIo } from '../cli/io.js';
import { formatGithub, formatProblem } from '../source/parse/problem.js';
import { validatePaths } from '../source/validate-paths.js';

/** Checks spec files without an engine, prints their problems, and returns the exit code. */
export async function validate({ paths, format }: ValidateOptions, io: CliIo): Promise<number> {
  const { problems, objects, files } = await validatePaths(paths);
  if (format === 'json')
    io.out(`${JSON.stringify({ valid: problems.length === 0, files, objects, problems }, null, 2)}\n`);
  else
    for (const problem of problems) io.out(`${format === 'github' ? formatGithub(problem) : formatProblem(problem)}\n`);
  if (format === 'text' && problems.length === 0) io.out(`${files} files, ${objects} objects: valid\n`);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}
