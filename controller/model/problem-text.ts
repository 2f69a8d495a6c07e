import type { SpecProblem } from './desired.js';

/** `file:line:column: message`, as every report of a spec's problem begins. */
export function problemText(problem: SpecProblem): string {
  const { file, line, column } = problem.location;
  return `${file}:${line}:${column}: ${problem.message}`;
}
