import { errorCode, ioWords, stampOf } from './file-system.js';
import type { FileStamp, FileSystem } from './file-system.js';

export type ReadResult =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly stamp: FileStamp }
  /** The file disappeared after it was listed. */
  | { readonly kind: 'gone' }
  /** The file changes faster than it can be read, so it has to be read again soon. */
  | { readonly kind: 'changing' }
  /** The file cannot be read, so its content is unknown. */
  | { readonly kind: 'failed'; readonly message: string };

const ATTEMPTS = 3;

/**
 * Reads a regular file of at most `limit` bytes completely and in one version. `path` is a real path: links are not
 * followed. `listed` is the stamp of the regular file that the caller has just found there.
 */
export async function readWhole(
  fs: FileSystem,
  path: string,
  limit: number,
  listed: FileStamp | null = null,
): Promise<ReadResult> {
  let before = listed;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const result = await readOnce(fs, path, limit, before);
    if (result.kind !== 'changing') return result;
    before = null;
  }
  return { kind: 'changing' };
}

async function readOnce(fs: FileSystem, path: string, limit: number, listed: FileStamp | null): Promise<ReadResult> {
  try {
    const before = listed ?? (await regularStamp(fs, path));
    if (before === null) return failed('is not a regular file: remove or rename it');
    if (before.size > limit) return failed(`the file is larger than ${sizeWords(limit)}: make it smaller`);
    // Reading one byte more than its size shows whether the file grows.
    const { bytes, stats } = await fs.read(path, before.size + 1);
    const after = stampOf(stats);
    if (!stats.isFile() || after.id !== before.id || bytes.length !== after.size) return { kind: 'changing' };
    return { kind: 'read', bytes, stamp: after };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { kind: 'gone' };
    // A link or a FIFO has replaced the file since it was listed.
    if (code === 'ELOOP' || code === 'EAGAIN') return { kind: 'changing' };
    return failed(`the file cannot be read: ${ioWords(error)}`);
  }
}

async function regularStamp(fs: FileSystem, path: string): Promise<FileStamp | null> {
  const stats = await fs.lstat(path);
  return stats.isFile() ? stampOf(stats) : null;
}

function failed(message: string): ReadResult {
  return { kind: 'failed', message };
}

function sizeWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`;
}
