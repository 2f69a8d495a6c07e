import { join } from 'node:path';
import { errorCode, ioWords, isInside, isRacy, stampOf } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import { readWhole } from '../files/read-whole.js';

/**
 * The bytes of a file, as the same object while the file does not change, or a description of what is wrong, which
 * follows the file's name in a message.
 */
export type Looked = { readonly bytes: Uint8Array } | { readonly fault: string };

/** Reads small files that every scan needs and that seldom change. */
export interface SmallFiles {
  /** Reads a regular file below `root`, of at most `limit` bytes, once until `end`. */
  look(root: string, file: string, limit: number): Promise<Looked>;
  /** Ends a scan; files that were not requested in it are forgotten. */
  end(): void;
}

interface Known {
  readonly stampId: string;
  readonly bytes: Uint8Array;
}

/** Creates a reader that remembers the bytes of files from one scan to the next, by their stamps. */
export function createSmallFiles(fs: FileSystem): SmallFiles {
  let known = new Map<string, Known>();
  let next: typeof known = new Map();
  let looked = new Map<string, Promise<Looked>>();

  const lookAt = async (root: string, file: string, limit: number): Promise<Looked> => {
    const path = await fs.realpath(join(root, file));
    if (!isInside(await fs.realpath(root), path))
      return { fault: 'is a link that leads out of the directory: copy the target into it' };
    const stats = await fs.stat(path);
    if (!stats.isFile()) return { fault: 'is not a regular file: replace it' };
    const before = known.get(path);
    if (before?.stampId === stampOf(stats).id) {
      next.set(path, before);
      return before;
    }
    const result = await readWhole(fs, path, limit);
    if (result.kind === 'gone') return gone();
    if (result.kind === 'changing') return { fault: 'is being written' };
    if (result.kind === 'failed') return { fault: `is not usable: ${result.message}` };
    // A racy stamp is not kept, so that the file is read again next time.
    next.set(path, { stampId: isRacy(result.stamp, Date.now()) ? '' : result.stamp.id, bytes: result.bytes });
    return { bytes: result.bytes };
  };

  const lookSafely = async (root: string, file: string, limit: number): Promise<Looked> => {
    try {
      return await lookAt(root, file, limit);
    } catch (error) {
      return errorCode(error) === 'ENOENT'
        ? gone()
        : { fault: `cannot be read: ${ioWords(error)}: make it readable for the controller` };
    }
  };

  return {
    look(root, file, limit) {
      const key = `${root}\0${file}`;
      const looking = looked.get(key) ?? lookSafely(root, file, limit);
      looked.set(key, looking);
      return looking;
    },
    end() {
      known = next;
      next = new Map();
      looked = new Map();
    },
  };
}

function gone(): Looked {
  return { fault: 'does not exist: put it there, readable for the controller' };
}
