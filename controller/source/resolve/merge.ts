import type { SpecProblem } from '../../model/desired.js';
import { groupBy } from '../../model/group-by.js';
import { escapeControls, problemAt, quote } from '../parse/problem.js';
import type { Definition, Refusal, ScannedFile, SourceReading } from '../parse/spec-file.js';
import { SPEC_KINDS, specKey, workspaceOfKey } from '../parse/spec-kind.js';

/** An object that the sources define, and the reason why its newest spec is not used. */
export interface Wanted<D extends Definition = Definition> {
  readonly definition: D;
  /** Null when the newest spec is used. */
  readonly problem: SpecProblem | null;
  /** False when `definition` is the last good one. */
  readonly isNewest: boolean;
}

export interface Merged {
  /** The objects by key, as in the whole result. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** Keys that only broken or duplicate specs claim. */
  readonly claimed: ReadonlySet<string>;
  readonly problems: readonly SpecProblem[];
  /** Whether a file cannot be read far enough to know which objects it defines, so that no object may count as gone. */
  readonly hidesNames: boolean;
  /** Whether there is a broken or half-written cache whose name cannot be read. */
  readonly hidesCache: boolean;
}

/** Merges the content of all files, key by key. Pure. `known` contains the last good definition of each key. */
export function merge(readings: readonly SourceReading[], known: ReadonlyMap<string, Definition>): Merged {
  const files = readings.flatMap((reading) => reading.files);
  const wanted = new Map<string, Wanted>();
  const claimed = new Set<string>();
  const problems = [
    ...readings.flatMap((reading) => reading.problems),
    ...files.flatMap((file) => (file.isSettling ? [] : file.problems)),
  ];

  const fallBack = (key: string, problem: SpecProblem | null): void => {
    if (wanted.has(key)) return;
    const definition = known.get(key);
    if (definition) wanted.set(key, { definition, problem: problem && concerning(problem, key), isNewest: false });
    else claimed.add(key);
  };

  for (const [key, found] of groupByKey(files)) {
    const [only, ...others] = found;
    if (only && others.length === 0) {
      const stale = only.file.staleBecause;
      wanted.set(key, {
        definition: only.definition,
        problem: stale && concerning(stale, key),
        isNewest: stale === null,
      });
      continue;
    }
    const duplicates = found.map(({ definition }, index) =>
      duplicateProblem(definition, found[index === 0 ? 1 : 0]?.definition),
    );
    problems.push(...duplicates);
    fallBack(key, duplicates[0] ?? null);
  }
  const keysByFile = groupKnown(known);
  let hidesNames = false;
  let hidesCache = false;
  for (const file of files.filter(isBroken)) {
    const first = file.isSettling ? null : (file.refusals[0]?.problem ?? file.staleBecause);
    for (const refusal of file.refusals) {
      for (const key of claimedKeys(refusal)) fallBack(key, file.isSettling ? null : refusal.problem);
      hidesCache ||= refusal.name === null && (refusal.kind === 'NixCache' || file.isSettling);
    }
    // While a file is broken, nothing that it once defined counts as gone (law 3).
    const once = keysByFile.get(placeOf(file)) ?? [];
    for (const key of once) fallBack(key, first);
    hidesNames ||= file.hidesNames && once.length === 0;
  }
  return { wanted, claimed, problems, hidesNames, hidesCache };
}

interface Found {
  readonly definition: Definition;
  readonly file: ScannedFile;
}

function groupByKey(files: readonly ScannedFile[]): Map<string, Found[]> {
  return groupBy(
    files.flatMap((file) => file.definitions.map((definition) => ({ definition, file }))),
    ({ definition }) => definition.key,
  );
}

function groupKnown(known: ReadonlyMap<string, Definition>): Map<string, string[]> {
  return groupBy(known.keys(), (key) => placeOf(known.get(key)!.location));
}

/** Identifies a file, because two sources may have files of the same name. */
function placeOf({ source, file }: { readonly source: string; readonly file: string }): string {
  return `${source}\0${file}`;
}

function claimedKeys({ name, kind }: Refusal): string[] {
  return name === null ? [] : (kind ? [kind] : SPEC_KINDS).map((one) => specKey(one, name));
}

function concerning(problem: SpecProblem, key: string): SpecProblem {
  return { ...problem, workspace: workspaceOfKey(key) };
}

function isBroken(file: ScannedFile): boolean {
  return file.refusals.length > 0 || file.isSettling || file.staleBecause !== null;
}

function duplicateProblem(definition: Definition, other: Definition | undefined): SpecProblem {
  const place = other ? `${escapeControls(other.nameLocation.file)}:${other.nameLocation.line}` : 'another place';
  const message = `metadata.name: ${quote(definition.name)} is also defined at ${place}: rename or remove one of them`;
  return problemAt(definition.nameLocation, message, workspaceOfKey(definition.key));
}
