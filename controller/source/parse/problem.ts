import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import { escapeControls } from '../../model/printable.js';

export { escapeControls };

const CUT_AT = 60;

/** Quotes a value for a message: escaped, and cut when it is long. */
export function quote(text: string): string {
  const start = text.slice(0, CUT_AT + 1);
  const chars = Array.from(start);
  const isCut = text.length > CUT_AT;
  return `"${escapeControls(isCut ? chars.slice(0, CUT_AT).join('') : text)}${isCut ? '…' : ''}"`;
}

/** A problem at a place; `workspace` is the affected one, if any. */
export function problemAt(location: SpecLocation, message: string, workspace: string | null = null): SpecProblem {
  return { location, workspace, message };
}

/** A problem with a file or directory as a whole. */
export function problemOf(source: string, file: string, message: string): SpecProblem {
  return problemAt({ source, file, line: 1, column: 1 }, message);
}

/** Whether two problems are the same for a person. */
export function sameProblem(a: SpecProblem | null, b: SpecProblem | null): boolean {
  if (a === null || b === null) return a === b;
  const [here, there] = [a.location, b.location];
  return (
    a.message === b.message && here.file === there.file && here.line === there.line && here.column === there.column
  );
}

/** Sorts by file, line and column. */
export function byPlace(a: SpecProblem, b: SpecProblem): number {
  const [here, there] = [a.location, b.location];
  if (here.file !== there.file) return here.file < there.file ? -1 : 1;
  return here.line - there.line || here.column - there.column;
}

/** Formats a problem as `file:line:col: message`, on one line whatever the name of the file. */
export function formatProblem(problem: SpecProblem): string {
  const { file, line, column } = problem.location;
  return `${escapeControls(file)}:${line}:${column}: ${problem.message}`;
}

/** Formats a problem as a workflow command, which GitHub shows as an annotation on the pull request. */
export function formatGithub(problem: SpecProblem): string {
  const { file, line, column } = problem.location;
  return `::error file=${githubProperty(file)},line=${line},col=${column}::${githubData(problem.message)}`;
}

function githubData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
