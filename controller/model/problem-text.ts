import type { SpecProblem } from './desired.js';

/** Formats a problem as `file:line:column: message`, the common form in all reports. */
export function problemText(problem: SpecProblem): string {
  const { file, line, column } = problem.location;
  return `${file}:${line}:${column}: ${problem.message}`;
}
