import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { readDescriptor } from './read-descriptor.js';
import type { RawRead } from './read-descriptor.js';

/**
 * The file-system functions that this room needs. They are injected, because tests run as root and never get EACCES
 * from a real file system.
 */
export interface FileSystem {
  readdir(path: string): Promise<Dirent[]>;
  lstat(path: string): Promise<BigIntStats>;
  stat(path: string): Promise<BigIntStats>;
  realpath(path: string): Promise<string>;
  /** Reads the first `bytes` bytes; never blocks on a FIFO, never follows a link as the last part of the path. */
  read(path: string, bytes: number): Promise<RawRead>;
}

export const nodeFileSystem: FileSystem = {
  readdir: (path) => readdir(path, { withFileTypes: true }),
  lstat: (path) => lstat(path, { bigint: true }),
  stat: (path) => stat(path, { bigint: true }),
  realpath: (path) => realpath(path),
  read: readDescriptor,
};

/** Identifies a version of a file: equal stamps mean equal content, unless `isRacy` returns true. */
export interface FileStamp {
  readonly id: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** The stamp of a file. Times are in ms since the epoch. */
export function stampOf(stats: BigIntStats): FileStamp {
  return {
    id: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    size: Number(stats.size),
    mtimeMs: Number(stats.mtimeNs) / 1e6,
    ctimeMs: Number(stats.ctimeNs) / 1e6,
  };
}

/**
 * Time stamps advance in steps of some ms, so a file read this soon after its last change may change again without a
 * new stamp.
 */
const RACY_MS = 50;

/** Whether a file was read so soon after its last change that another change may have the same stamp. */
export function isRacy(stamp: FileStamp, readAtMs: number): boolean {
  return readAtMs - stamp.ctimeMs < RACY_MS;
}

/** The code of a failed call, e.g. `ENOENT`, or `UNKNOWN` when it has none. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'UNKNOWN';
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a directory',
  ELOOP: 'its links form a loop',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EIO: 'the device reports an error (EIO)',
  ENAMETOOLONG: 'its name is too long',
};

/** Describes the cause of a failed call in plain language. */
export function ioWords(error: unknown): string {
  const code = errorCode(error);
  return WORDS[code] ?? code;
}

/** Whether `path` is `root` or below it; both must be real paths. */
export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}
