import { pipeline, Transform, type Readable } from 'node:stream';
import { errorCode } from './error-words.js';
import { ShapeError } from './shapes.js';

/** At the first use: commands that need no engine need no tar either. It comes with dockerode, which packs with it. */
const loadTar = () => import('tar-stream');

/** Two blocks of zeros end a tar. */
const END_BYTES = 1024;

/**
 * Passes a tar on and fails when it ends without a tar's end: the engine reports a failure in the middle of an archive by
 * words at its end or by less of it, and the stream ends well all the same. `onChunk` hears how many bytes came through.
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

/** The names of the first entries directly below the tar's own root, at most `limit`; the rest of it is let go unread. */
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
 * The first entry that `isIt` takes, told its path and the root's: its raw target, or null for that if it is no symbolic link.
 * Null alone when there is no such entry, when it stands behind the first `largestBytes`, or is another name (a hard link) of
 * an earlier one, which a tar does not repeat. The rest is let go unread.
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

/** What a connection fails with has a code; what tar-stream has to say has none. */
function readFailure(error: Error): Error {
  return errorCode(error) === '' ? new ShapeError('the archive is cut or no tar') : error;
}

/** A tar of directories that everybody may write into, as into /tmp. */
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
