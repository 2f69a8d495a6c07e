import { errorCode, ioWords, stampOf } from './file-system.js';
import type { FileStamp, FileSystem } from './file-system.js';

export type ReadResult =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly stamp: FileStamp }
  /** It went away after it was listed. */
  | { readonly kind: 'gone' }
  /** It changes faster than it can be read: look again soon. */
  | { readonly kind: 'changing' }
  /** What it holds is not known, and why. */
  | { readonly kind: 'failed'; readonly message: string };

const ATTEMPTS = 3;

/**
 * Reads a regular file of at most `limit` bytes, whole and in one version. `path` is a real path: links are not followed.
 * `listed` is its stamp when the caller has just looked, and found a regular file.
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
    // One byte of slack tells a file that grows from one that does not.
    const { bytes, stats } = await fs.read(path, before.size + 1);
    const after = stampOf(stats);
    if (!stats.isFile() || after.id !== before.id || bytes.length !== after.size) return { kind: 'changing' };
    return { kind: 'read', bytes, stamp: after };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { kind: 'gone' };
    // A link or a FIFO took its place since it was listed.
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
