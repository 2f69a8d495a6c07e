import { dirname, join } from 'node:path';
import { systemClock } from '../model/clock.js';
import type { SpecProblem } from '../model/desired.js';
import { ioWords, nodeFileSystem } from './files/file-system.js';
import { interpret } from './check/interpret.js';
import { merge } from './resolve/merge.js';
import { createPacer } from './files/pacer.js';
import type { Breathe } from './files/pacer.js';
import { byPlace, problemOf } from './parse/problem.js';
import { readWhole } from './files/read-whole.js';
import { loadSchemas } from './check/schema.js';
import type { SpecSchemas } from './check/schema.js';
import { faultOfForm } from './secrets/age-opener.js';
import { ageFilesOf, ageProblem, lookBeside } from './secrets/age-files.js';
import { createSmallFiles } from './secrets/small-files.js';
import { createSourceReader, MAX_SPEC_BYTES } from './files/source-reader.js';
import type { ScannedFile, SourceReading } from './parse/spec-file.js';

export interface Validation {
  readonly problems: SpecProblem[];
  /** How many workspaces and caches were found, valid and invalid. */
  readonly objects: number;
  readonly files: number;
}

interface Run {
  readonly schemas: SpecSchemas;
  readonly breathe: Breathe;
  readonly seen: Set<string>;
}

/**
 * Checks files and directories as a scan does, without secrets, state or an engine. Names must be unique across all
 * paths.
 */
export async function validatePaths(paths: readonly string[]): Promise<Validation> {
  const run: Run = { schemas: loadSchemas(), breathe: createPacer(), seen: new Set() };
  const readings: SourceReading[] = [];
  const besides: SpecProblem[] = [];
  for (const path of paths) {
    const { reading, root } = await readPath(run, path);
    readings.push(settled(reading));
    besides.push(...(await problemsBeside(reading, root)));
  }
  const files = readings.flatMap((reading) => reading.files);
  const problems = [...merge(readings, new Map()).problems, ...besides].sort(byPlace);
  return {
    problems,
    files: files.length,
    objects: files.reduce((sum, file) => sum + file.definitions.length + file.refusals.length, 0),
  };
}

/** Lists the problems of encrypted files, as far as they are visible without a key. */
async function problemsBeside({ files }: SourceReading, root: string): Promise<SpecProblem[]> {
  const besides = createSmallFiles(nodeFileSystem);
  const problems: SpecProblem[] = [];
  for (const definition of files.flatMap((file) => file.definitions)) {
    for (const use of ageFilesOf(definition)) {
      const looked = await lookBeside(besides, root, use.location.file, use.file);
      const fault = 'fault' in looked ? looked.fault : faultOfForm(looked.bytes);
      if (fault !== null) problems.push(ageProblem(use, definition.name, fault));
    }
  }
  return problems;
}

interface PathReading {
  readonly reading: SourceReading;
  /** The directory of the encrypted files beside the specs. */
  readonly root: string;
}

async function readPath(run: Run, path: string): Promise<PathReading> {
  const id = `path:${path}`;
  let isDirectory: boolean;
  try {
    isDirectory = (await nodeFileSystem.stat(path)).isDirectory();
  } catch (error) {
    return {
      root: path,
      reading: { id, files: [], problems: [problemOf(id, path, `cannot be read: ${ioWords(error)}`)], isWhole: false },
    };
  }
  if (!isDirectory) return { root: dirname(path), reading: await readNamedFile(run, id, path) };
  const reader = createSourceReader({ id, root: path, fs: nodeFileSystem, schemas: run.schemas, clock: systemClock });
  return { root: path, reading: await reader.read({ ...run, onDirectory: () => Promise.resolve() }) };
}

/** A file that a person names is checked whatever its name, and wherever a link leads. */
async function readNamedFile(run: Run, id: string, path: string): Promise<SourceReading> {
  const realPath = await nodeFileSystem.realpath(path).catch(() => path);
  if (run.seen.has(realPath)) return { id, files: [], problems: [], isWhole: true };
  run.seen.add(realPath);
  const result = await readWhole(nodeFileSystem, realPath, MAX_SPEC_BYTES);
  if (result.kind !== 'read') {
    const message = 'message' in result ? result.message : 'the file changes while it is read';
    return { id, files: [], problems: [problemOf(id, path, message)], isWhole: false };
  }
  const spec = await interpret(run.schemas, result.bytes, { source: id, file: join(path) }, run.breathe);
  return { id, files: [{ ...spec, isSettling: false, staleBecause: null }], problems: [], isWhole: true };
}

/** A reading without half-written files. No later scan follows, so they count as broken. */
function settled(reading: SourceReading): SourceReading {
  return { ...reading, files: reading.files.map((file): ScannedFile => ({ ...file, isSettling: false })) };
}
