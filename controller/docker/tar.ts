import { pipeline, Transform, type Readable } from 'node:stream';
import { errorCode } from './error-words.js';
import { ShapeError } from './shapes.js';

/**
 * Loaded at the first use, because commands that need no engine need no tar either. The package comes with dockerode.
 */
const loadTar = () => import('tar-stream');

/** Two blocks of zeros end a tar. */
const END_BYTES = 1024;

/**
 * Forwards a tar, and fails when it ends without the end of a tar. When the engine fails in the middle of an archive,
 * the stream ends normally, either with a message in it or too early. `onChunk` receives the number of bytes of each
 * chunk.
 */
export function wholeTar(onChunk: (bytes: number) => void): Transform {
  let last = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onChunk(chunk.length);
      last = Buffer.concat([last, chunk.subarray(-END_BYTES)]).subarray(-END_BYTES);
      done(null, chunk);
    },
    flush(done) {
      const isWhole = last.length === END_BYTES && last.every((byte) => byte === 0);
      done(isWhole ? null : new ShapeError('the archive ends too early'));
    },
  });
}

/**
 * The names of the first entries directly below the tar's own root, at most `limit`; the rest of the tar is not read.
 */
export async function firstNames(archive: Readable, limit: number, onChunk: () => void): Promise<string[]> {
  const { extract } = await loadTar();
  return new Promise((resolve, reject) => {
    const names = new Set<string>();
    const reader = extract();
    let root: string | null = null;
    reader.on('entry', (header, contents, next) => {
      const path = header.name.replace(/\/+$/, '');
      root ??= path;
      const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1).split('/')[0] : undefined;
      if (name !== undefined) names.add(name);
      if (names.size >= limit) {
        resolve([...names].slice(0, limit));
        archive.destroy();
        return;
      }
      contents.on('end', () => next());
      contents.resume();
    });
    pipeline(archive, wholeTar(onChunk), reader, (error) => {
      if (error === null || error === undefined) resolve([...names]);
      else reject(readFailure(error));
    });
  });
}

/**
 * Finds the first entry that `isIt` accepts by its path and the path of the root, and returns its target as it was
 * written; the target is null when the entry is not a symbolic link. Returns null instead of an object when there is no
 * such entry, when it comes after the first `largestBytes`, or when it is a hard link to an earlier entry, whose
 * contents a tar does not repeat. The rest of the tar is not read.
 */
export async function linkIn(
  archive: Readable,
  isIt: (path: string, root: string) => boolean,
  largestBytes: number,
): Promise<{ readonly target: string | null } | null> {
  const { extract } = await loadTar();
  return new Promise((resolve, reject) => {
    const reader = extract();
    let root: string | null = null;
    let bytes = 0;
    const end = (found: { readonly target: string | null } | null) => {
      resolve(found);
      archive.destroy();
    };
    reader.on('entry', (header, contents, next) => {
      const path = header.name.replace(/\/+$/, '');
      root ??= path;
      if (isIt(path, root)) {
        end(header.type === 'link' ? null : { target: header.type === 'symlink' ? (header.linkname ?? '') : null });
        return;
      }
      contents.on('end', () => next());
      contents.resume();
    });
    const onChunk = (length: number) => {
      bytes += length;
      if (bytes > largestBytes) end(null);
    };
    pipeline(archive, wholeTar(onChunk), reader, (error) => {
      if (error === null || error === undefined) resolve(null);
      else reject(readFailure(error));
    });
  });
}

/** Converts a read error. The failure of a connection has a code; an error of tar-stream has none. */
function readFailure(error: Error): Error {
  return errorCode(error) === '' ? new ShapeError('the archive is cut or no tar') : error;
}

/**
 * Creates a tar of directories that belong to root and that everybody may write to, as to /tmp. `timeMs` is in ms since
 * the epoch.
 */
export async function directoryTar(names: readonly string[], timeMs: number): Promise<Buffer> {
  const { pack } = await loadTar();
  const tar = pack();
  for (const name of names)
    tar.entry({ name, type: 'directory', mode: 0o1777, uid: 0, gid: 0, mtime: new Date(timeMs) });
  tar.finalize();
  const blocks: Buffer[] = [];
  for await (const block of tar as AsyncIterable<Buffer>) blocks.push(block);
  return Buffer.concat(blocks);
}
