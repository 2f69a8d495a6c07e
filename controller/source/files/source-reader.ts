import type { Clock } from '../../model/clock.js';
import type { SpecProblem } from '../../model/desired.js';
import type { GitStatus } from '../../model/git.js';
import { isRacy } from './file-system.js';
import type { FileStamp, FileSystem } from './file-system.js';
import { interpret } from '../check/interpret.js';
import { mapLimit } from './pacer.js';
import type { Breathe } from './pacer.js';
import { problemOf } from '../parse/problem.js';
import { readWhole } from './read-whole.js';
import type { SpecSchemas } from '../check/schema.js';
import type { ScannedFile, SourceReading, SpecFile } from '../parse/spec-file.js';
import { listSpecs } from './list-specs.js';
import type { ListedFile } from './list-specs.js';

export const MAX_SPEC_BYTES = 1024 * 1024;
/** How long after its last change a file that does not parse counts as half written, in ms. */
export const SETTLE_MS = 300;
/** The longest time that a file counts as half written, in ms, because it may be rewritten again and again. */
const SETTLE_AT_MOST_MS = 3000;
const READS_AT_ONCE = 16;

export interface ScanContext {
  readonly breathe: Breathe;
  /** The real paths that this scan has already read, in this source or an earlier one. */
  readonly seen: Set<string>;
  readonly onDirectory: (path: string) => Promise<void>;
}

export interface SourceReader {
  readonly id: string;
  read(context: ScanContext): Promise<SourceReading>;
  /** The status of a git source; directories have none. */
  git?(): GitStatus;
}

interface Remembered {
  readonly realPath: string;
  readonly stampId: string;
  readonly isRacy: boolean;
  readonly spec: SpecFile;
  /** The time of the scan that first found the file half written; null when it parses. */
  readonly partialSince: number | null;
}

export interface SourceReaderOptions {
  readonly id: string;
  readonly root: string;
  readonly fs: FileSystem;
  readonly schemas: SpecSchemas;
  readonly clock: Clock;
}

/** The state of a reader. Each read replaces `memory`. */
interface DirectoryReader extends SourceReaderOptions {
  memory: ReadonlyMap<string, Remembered>;
}

/** One read: its findings are collected in `next`, which becomes the reader's memory. */
interface Read {
  readonly reader: DirectoryReader;
  readonly next: Map<string, Remembered>;
  readonly context: ScanContext;
}

/**
 * Creates a reader of one directory source. It remembers what it has read by file version, so that a scan without
 * changes reads nothing.
 */
export function createSourceReader(options: SourceReaderOptions): SourceReader {
  const reader: DirectoryReader = { ...options, memory: new Map() };
  return { id: options.id, read: (context) => readDirectory(reader, context) };
}

async function readDirectory(reader: DirectoryReader, context: ScanContext): Promise<SourceReading> {
  const { id, root, fs } = reader;
  const read: Read = { reader, next: new Map(), context };
  const listing = await listSpecs(root, { fs, ...context });
  const found = await mapLimit(listing.files, READS_AT_ONCE, (file) => readFile(read, file));
  const unreadFiles = listing.unread.filter((entry) => entry.kind === 'file');
  const unreadDirectories = listing.unread.filter((entry) => entry.kind === 'directory');
  const files = [
    ...found.filter((file) => file !== null),
    ...unreadFiles.map(({ path, message }) => keepEarlier(read, path, problemOf(id, path, message))),
    ...keepBelow(
      read,
      unreadDirectories.map(({ path }) => path),
    ),
  ];
  reader.memory = read.next;
  return {
    id,
    files,
    problems: unreadDirectories.map((entry) => problemOf(id, entry.path, entry.message)),
    isWhole: unreadDirectories.length === 0,
  };
}

/** Reads one file; returns null when it disappeared after it was listed. */
async function readFile(read: Read, file: ListedFile): Promise<ScannedFile | null> {
  const { reader, next, context } = read;
  const { id, fs, schemas, clock } = reader;
  await context.breathe();
  const before = reader.memory.get(file.path);
  if (before && before.stampId === file.stamp.id && !before.isRacy) {
    next.set(file.path, before);
    return scannedFile(before, file.stamp, clock.now());
  }
  const result = await readWhole(fs, file.realPath, MAX_SPEC_BYTES, file.stamp);
  await context.breathe();
  if (result.kind === 'gone') return null;
  if (result.kind === 'changing') return keepEarlier(read, file.path, null);
  if (result.kind !== 'read') return keepEarlier(read, file.path, problemOf(id, file.path, result.message));
  const spec = await interpret(schemas, result.bytes, { source: id, file: file.path }, context.breathe);
  const remembered: Remembered = {
    realPath: file.realPath,
    stampId: result.stamp.id,
    // Compared with the system's clock, because that clock stamps files.
    isRacy: isRacy(result.stamp, Date.now()),
    spec,
    partialSince: spec.mayBePartial ? (before?.partialSince ?? clock.now()) : null,
  };
  next.set(file.path, remembered);
  return scannedFile(remembered, result.stamp, clock.now());
}

function scannedFile({ spec, partialSince }: Remembered, { mtimeMs }: FileStamp, now: number): ScannedFile {
  const isYoung = Math.abs(now - Math.round(mtimeMs)) < SETTLE_MS;
  const isSettling = partialSince !== null && isYoung && now - partialSince < SETTLE_AT_MOST_MS;
  return { ...spec, isSettling, staleBecause: null };
}

/**
 * Returns the earlier version, because the newest one cannot be read. Without a problem, the file is only being
 * written.
 */
function keepEarlier({ reader, next }: Read, path: string, problem: SpecProblem | null): ScannedFile {
  const before = reader.memory.get(path);
  const problems = problem ? [problem] : [];
  const isSettling = problem === null;
  if (before) {
    next.set(path, { ...before, stampId: '' });
    return { ...before.spec, problems, isSettling, staleBecause: problem };
  }
  return {
    source: reader.id,
    file: path,
    definitions: [],
    refusals: problem ? [{ name: null, kind: null, problem }] : [],
    problems,
    hidesNames: true,
    mayBePartial: isSettling,
    isSettling,
    staleBecause: null,
  };
}

/** The remembered files below directories that cannot be read. They are unknown now, not gone (law 2). */
function keepBelow({ reader, next, context }: Read, directories: readonly string[]): ScannedFile[] {
  const kept: ScannedFile[] = [];
  for (const [path, remembered] of reader.memory) {
    const isUnknown = directories.some((directory) => path.startsWith(`${directory}/`));
    if (!isUnknown || next.has(path) || context.seen.has(remembered.realPath)) continue;
    next.set(path, remembered);
    context.seen.add(remembered.realPath);
    kept.push({ ...remembered.spec, isSettling: false, staleBecause: null });
  }
  return kept;
}
