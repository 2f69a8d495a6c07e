import type { SpecProblem } from '../model/desired.js';
import { escapeControls, problemAt, quote } from './problem.js';
import type { Definition, ScannedFile, SourceReading } from './spec-file.js';

/** A workspace that the sources want, and what keeps its newest spec from being used. */
export interface Wanted {
  readonly definition: Definition;
  /** Null: this is the newest spec. */
  readonly problem: SpecProblem | null;
  /** False: `definition` is the last good one. */
  readonly isNewest: boolean;
}

export interface Merged {
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** Names that only broken or duplicate specs claim. */
  readonly claimed: ReadonlySet<string>;
  readonly problems: readonly SpecProblem[];
  /** A file can't be read far enough to know which workspaces it defines: none may count as gone. */
  readonly hidesNames: boolean;
}

/** Joins what all files say, name by name. Pure. `known` holds the last good definition of each name. */
export function merge(readings: readonly SourceReading[], known: ReadonlyMap<string, Definition>): Merged {
  const files = readings.flatMap((reading) => reading.files);
  const wanted = new Map<string, Wanted>();
  const claimed = new Set<string>();
  const problems = [...readings.flatMap((reading) => reading.problems), ...files.flatMap((file) => (file.isSettling ? [] : file.problems))];

  const fallBack = (name: string, problem: SpecProblem | null): void => {
    if (wanted.has(name)) return;
    const definition = known.get(name);
    if (definition) wanted.set(name, { definition, problem, isNewest: false });
    else claimed.add(name);
  };

  for (const [name, found] of groupByName(files)) {
    const [only, ...others] = found;
    if (only && others.length === 0) {
      const stale = only.file.staleBecause;
      wanted.set(name, { definition: only.definition, problem: stale && { ...stale, workspace: name }, isNewest: stale === null });
      continue;
    }
    const duplicates = found.map(({ definition }, index) => duplicateProblem(definition, found[index === 0 ? 1 : 0]?.definition));
    problems.push(...duplicates);
    fallBack(name, duplicates[0] ?? null);
  }
  const namesByFile = groupKnown(known);
  let hidesNames = false;
  for (const file of files.filter(isBroken)) {
    const first = file.isSettling ? null : (file.refusals[0]?.problem ?? file.staleBecause);
    for (const refusal of file.refusals) {
      if (refusal.name !== null) fallBack(refusal.name, file.isSettling ? null : refusal.problem);
    }
    // While a file is broken, nothing that it once defined is gone from it (law 3).
    const once = namesByFile.get(file.file) ?? [];
    for (const name of once) fallBack(name, first && { ...first, workspace: name });
    hidesNames ||= file.hidesNames && once.length === 0;
  }
  return { wanted, claimed, problems, hidesNames };
}

interface Found {
  readonly definition: Definition;
  readonly file: ScannedFile;
}

function groupByName(files: readonly ScannedFile[]): Map<string, Found[]> {
  const groups = new Map<string, Found[]>();
  for (const file of files) {
    for (const definition of file.definitions) {
      const group = groups.get(definition.name);
      if (group) group.push({ definition, file });
      else groups.set(definition.name, [{ definition, file }]);
    }
  }
  return groups;
}

function groupKnown(known: ReadonlyMap<string, Definition>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, { location }] of known) {
    const group = groups.get(location.file);
    if (group) group.push(name);
    else groups.set(location.file, [name]);
  }
  return groups;
}

function isBroken(file: ScannedFile): boolean {
  return file.refusals.length > 0 || file.isSettling || file.staleBecause !== null;
}

function duplicateProblem(definition: Definition, other: Definition | undefined): SpecProblem {
  const place = other ? `${escapeControls(other.nameLocation.file)}:${other.nameLocation.line}` : 'another place';
  const message = `metadata.name: ${quote(definition.name)} is also defined at ${place}: rename or remove one of them`;
  return problemAt(definition.nameLocation, message, definition.name);
}
