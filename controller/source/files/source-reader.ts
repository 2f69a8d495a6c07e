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
/** A file that does not parse is left alone this long after its last change: it may be half written. */
export const SETTLE_MS = 300;
/** For a file that is rewritten without end. */
const SETTLE_AT_MOST_MS = 3000;
const READS_AT_ONCE = 16;

export interface ScanContext {
  readonly breathe: Breathe;
  /** Real paths read in this scan already, in this source or one before it. */
  readonly seen: Set<string>;
  readonly onDirectory: (path: string) => Promise<void>;
}

export interface SourceReader {
  readonly id: string;
  read(context: ScanContext): Promise<SourceReading>;
  /** Of a git source. */
  git?(): GitStatus;
}

interface Remembered {
  readonly realPath: string;
  readonly stampId: string;
  readonly isRacy: boolean;
  readonly spec: SpecFile;
  /** The scan that first found it half written; null when it parses. */
  readonly partialSince: number | null;
}

export interface SourceReaderOptions {
  readonly id: string;
  readonly root: string;
  readonly fs: FileSystem;
  readonly schemas: SpecSchemas;
  readonly clock: Clock;
}

/** Reads one directory source; remembers what it read, by file version, so that an idle scan reads nothing. */
export function createSourceReader(options: SourceReaderOptions): SourceReader {
  const { id, root, fs, schemas, clock } = options;
  let memory: ReadonlyMap<string, Remembered> = new Map();

  const readFile = async (
    file: ListedFile,
    next: Map<string, Remembered>,
    breathe: Breathe,
  ): Promise<ScannedFile | null> => {
    await breathe();
    const before = memory.get(file.path);
    if (before && before.stampId === file.stamp.id && !before.isRacy) {
      next.set(file.path, before);
      return scanned(before, file.stamp);
    }
    const result = await readWhole(fs, file.realPath, MAX_SPEC_BYTES, file.stamp);
    await breathe();
    if (result.kind === 'gone') return null;
    if (result.kind === 'changing') return keepEarlier(file.path, next, null);
    if (result.kind !== 'read') return keepEarlier(file.path, next, problemOf(id, file.path, result.message));
    const spec = await interpret(schemas, result.bytes, { source: id, file: file.path }, breathe);
    const remembered: Remembered = {
      realPath: file.realPath,
      stampId: result.stamp.id,
      // Against the real clock: it is the one that stamps files.
      isRacy: isRacy(result.stamp, Date.now()),
      spec,
      partialSince: spec.mayBePartial ? (before?.partialSince ?? clock.now()) : null,
    };
    next.set(file.path, remembered);
    return scanned(remembered, result.stamp);
  };

  const scanned = (remembered: Remembered, stamp: FileStamp): ScannedFile => {
    const now = clock.now();
    const isYoung = Math.abs(now - Math.round(stamp.mtimeMs)) < SETTLE_MS;
    const isSettling = remembered.partialSince !== null && isYoung && now - remembered.partialSince < SETTLE_AT_MOST_MS;
    return { ...remembered.spec, isSettling, staleBecause: null };
  };

  /** The newest version can't be had: the one before it stands in. Without a problem it is merely being written. */
  const keepEarlier = (path: string, next: Map<string, Remembered>, problem: SpecProblem | null): ScannedFile => {
    const before = memory.get(path);
    const problems = problem ? [problem] : [];
    const isSettling = problem === null;
    if (before) {
      next.set(path, { ...before, stampId: '' });
      return { ...before.spec, problems, isSettling, staleBecause: problem };
    }
    const refusals = problem ? [{ name: null, kind: null, problem }] : [];
    return {
      source: id,
      file: path,
      definitions: [],
      refusals,
      problems,
      hidesNames: true,
      mayBePartial: isSettling,
      isSettling,
      staleBecause: null,
    };
  };

  return {
    id,
    async read(context) {
      const next = new Map<string, Remembered>();
      const listing = await listSpecs(root, {
        fs,
        breathe: context.breathe,
        seen: context.seen,
        onDirectory: context.onDirectory,
      });
      const read = await mapLimit(listing.files, READS_AT_ONCE, (file) => readFile(file, next, context.breathe));
      const files = read.filter((file) => file !== null);
      for (const entry of listing.unread) {
        if (entry.kind === 'file') files.push(keepEarlier(entry.path, next, problemOf(id, entry.path, entry.message)));
      }
      const unreadDirectories = listing.unread.filter((entry) => entry.kind === 'directory');
      const isUnknown = (path: string) => unreadDirectories.some((directory) => path.startsWith(`${directory.path}/`));
      for (const [path, remembered] of memory) {
        if (next.has(path) || context.seen.has(remembered.realPath) || !isUnknown(path)) continue;
        next.set(path, remembered);
        context.seen.add(remembered.realPath);
        files.push({ ...remembered.spec, isSettling: false, staleBecause: null });
      }
      memory = next;
      return {
        id,
        files,
        problems: unreadDirectories.map((entry) => problemOf(id, entry.path, entry.message)),
        isWhole: unreadDirectories.length === 0,
      };
    },
  };
}
