import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { errorCode, ioWords, isInside, stampOf } from './file-system.js';
import type { FileStamp, FileSystem } from './file-system.js';
import { mapLimit } from './pacer.js';
import type { Breathe } from './pacer.js';

export const MAX_DEPTH = 8;
export const MAX_FILES = 20_000;
const STATS_AT_ONCE = 32;

export interface ListedFile {
  readonly path: string;
  readonly realPath: string;
  readonly stamp: FileStamp;
}

/** A file or directory that exists, or existed, and could not be read. */
export interface Unread {
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly message: string;
}

export interface Listing {
  readonly files: readonly ListedFile[];
  readonly unread: readonly Unread[];
  /** All directories that were read. */
  readonly directories: ReadonlySet<string>;
}

export interface WalkOptions {
  readonly fs: FileSystem;
  readonly breathe: Breathe;
  /** The real paths of the files listed so far, which this walk extends: a file reached by two paths is one spec. */
  readonly seen: Set<string>;
  /** Called before a directory is read, so that it is watched before it is listed (law 1). */
  readonly onDirectory: (path: string) => Promise<void>;
}

interface Walk extends WalkOptions {
  readonly rootReal: string;
  readonly files: ListedFile[];
  readonly unread: Unread[];
  readonly directories: Set<string>;
  readonly visited: Set<string>;
  readonly queue: { path: string; realPath: string; depth: number }[];
  /** The links, which are followed last, so that a file found in both ways is listed under its own name. */
  readonly links: { path: string; depth: number; isSpec: boolean }[];
}

type Looked = ListedFile | Unread | null;

/**
 * Whether a file name is that of a spec. Dotfiles, editors' swap files, backups and half-written files are never specs
 * (law 3).
 */
export function isSpecName(name: string): boolean {
  return name.endsWith('.json') && !name.startsWith('.') && !name.startsWith('#');
}

/** Lists the spec files below `root`, sorted by name in each directory. Never rejects; failures are in `unread`. */
export async function listSpecs(root: string, options: WalkOptions): Promise<Listing> {
  const unread: Unread[] = [];
  const directories = new Set<string>();
  const files: ListedFile[] = [];
  let rootReal: string;
  try {
    rootReal = await options.fs.realpath(root);
  } catch (error) {
    await options.onDirectory(root);
    return { files, unread: [unreadable(root, error)], directories };
  }
  const walk: Walk = {
    ...options,
    rootReal,
    files,
    unread,
    directories,
    visited: new Set(),
    queue: [{ path: root, realPath: rootReal, depth: 0 }],
    links: [],
  };
  for (;;) {
    const directory = walk.queue.shift();
    if (directory) await readDirectory(walk, directory);
    else if (walk.links.length === 0) break;
    else await followLinks(walk);
    if (walk.files.length > MAX_FILES) {
      return {
        files: [],
        unread: [
          {
            path: root,
            kind: 'directory',
            message: `the directory holds more than ${MAX_FILES} spec files: split it into several sources`,
          },
        ],
        directories,
      };
    }
    await walk.breathe();
  }
  return { files, unread, directories };
}

async function readDirectory(walk: Walk, directory: Walk['queue'][number]): Promise<void> {
  if (walk.visited.has(directory.realPath)) return;
  walk.visited.add(directory.realPath);
  if (directory.depth > MAX_DEPTH) {
    walk.unread.push({
      path: directory.path,
      kind: 'directory',
      message: `the directory is more than ${MAX_DEPTH} levels deep: move it up`,
    });
    return;
  }
  await walk.onDirectory(directory.path);
  let entries: Dirent[];
  try {
    entries = await walk.fs.readdir(directory.path);
  } catch (error) {
    // A sub-directory that disappeared meanwhile is gone, like a removed file.
    if (directory.depth === 0 || errorCode(error) !== 'ENOENT') walk.unread.push(unreadable(directory.path, error));
    else if (isNoText(directory.path)) walk.unread.push(noText(directory.path, 'directory'));
    return;
  }
  walk.directories.add(directory.path);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const specs: Dirent[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(directory.path, entry.name);
    const isSpec = isSpecName(entry.name);
    if (entry.isSymbolicLink()) walk.links.push({ path, depth: directory.depth + 1, isSpec });
    else if (isSpec) specs.push(entry);
    else if (entry.isDirectory())
      walk.queue.push({ path, realPath: join(directory.realPath, entry.name), depth: directory.depth + 1 });
  }
  const looked = await mapLimit(specs, STATS_AT_ONCE, (entry) =>
    lookAtFile(walk, join(directory.path, entry.name), join(directory.realPath, entry.name)),
  );
  looked.forEach((result) => keep(walk, result));
}

async function lookAtFile(walk: Walk, path: string, realPath: string): Promise<Looked> {
  await walk.breathe();
  try {
    const stats = await walk.fs.lstat(realPath);
    if (stats.isFile()) return { path, realPath, stamp: stampOf(stats) };
    return { path, kind: 'file', message: `is ${kindWords(stats)}, not a regular file: remove or rename it` };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') return { path, kind: 'file', message: `cannot be looked at: ${ioWords(error)}` };
    return isNoText(path) ? noText(path, 'file') : null;
  }
}

async function followLinks(walk: Walk): Promise<void> {
  const links = walk.links.splice(0);
  const looked = await mapLimit(links, STATS_AT_ONCE, (link) => followLink(walk, link));
  looked.forEach((result) => keep(walk, result));
}

async function followLink(walk: Walk, link: Walk['links'][number]): Promise<Looked> {
  await walk.breathe();
  try {
    const realPath = await walk.fs.realpath(link.path);
    const stats = await walk.fs.stat(realPath);
    const isDirectory = stats.isDirectory();
    if (!link.isSpec && !isDirectory) return null;
    const kind = link.isSpec ? 'file' : 'directory';
    if (!isInside(walk.rootReal, realPath))
      return {
        path: link.path,
        kind,
        message: 'is a link that leads out of the source directory: copy the target into it',
      };
    if (!link.isSpec) {
      walk.queue.push({ path: link.path, realPath, depth: link.depth });
      return null;
    }
    if (stats.isFile()) return { path: link.path, realPath, stamp: stampOf(stats) };
    return {
      path: link.path,
      kind,
      message: `is a link to ${kindWords(stats)}, not to a regular file: remove or rename it`,
    };
  } catch (error) {
    return brokenLink(walk, link, error);
  }
}

async function brokenLink(walk: Walk, link: Walk['links'][number], error: unknown): Promise<Looked> {
  if (!link.isSpec) return errorCode(error) === 'EACCES' ? unreadable(link.path, error) : null;
  const isThere = await walk.fs.lstat(link.path).then(
    () => true,
    (failure: unknown) => errorCode(failure) !== 'ENOENT',
  );
  if (!isThere) return isNoText(link.path) ? noText(link.path, 'file') : null;
  const words =
    errorCode(error) === 'ENOENT'
      ? 'is a link to a file that does not exist'
      : `is a link that cannot be followed: ${ioWords(error)}`;
  return { path: link.path, kind: 'file', message: `${words}: mend or remove it` };
}

function keep(walk: Walk, looked: Looked): void {
  if (looked === null) return;
  if ('message' in looked) {
    walk.unread.push(looked);
    return;
  }
  if (walk.seen.has(looked.realPath)) return;
  walk.seen.add(looked.realPath);
  walk.files.push(looked);
}

function unreadable(path: string, error: unknown): Unread {
  return {
    path,
    kind: 'directory',
    message: `the directory cannot be read: ${ioWords(error)}; nothing known from it is removed meanwhile`,
  };
}

/** Whether the path was read from bytes that are no UTF-8: under the text that stands for them, nothing is found. */
function isNoText(path: string): boolean {
  return path.includes('\ufffd');
}

function noText(path: string, kind: Unread['kind']): Unread {
  return { path, kind, message: `the ${kind} name is not valid UTF-8: rename it` };
}

function kindWords(stats: {
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isSymbolicLink(): boolean;
}): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return stats.isSymbolicLink() ? 'a link' : 'a device';
}
