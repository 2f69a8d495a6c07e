import { lstat, rename, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** The longest `sun_path` on Linux in bytes, without the terminating NUL. */
const LONGEST_PATH = 107;

/**
 * Listens on `path`, for the owner alone. The socket is also the lock of a state directory: if a controller answers on
 * it, this throws; the socket of a dead controller is replaced. Throws an error of one line that says what to do.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH) {
    throw new Error(
      `the socket's path ${path} has ${length} bytes and the system takes ${LONGEST_PATH}: ` +
        'choose a shorter --state-dir',
    );
  }
  const first = await tryListen(server, path);
  if (first === null) return;
  if (first.code !== 'EADDRINUSE') throw explained(first, path);
  await removeStale(path);
  const second = await tryListen(server, path);
  if (second?.code === 'EADDRINUSE') throw inUse(path);
  if (second !== null) throw explained(second, path);
}

/** `listen` creates the socket synchronously, so the umask applies to it alone, and its mode is never wider. */
function tryListen(server: Server, path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error);
    server.once('error', failed);
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', failed);
        resolve(null);
      });
    } finally {
      process.umask(mask);
    }
  });
}

/**
 * Moves a dead socket aside before removing it. When two controllers start at once, the later one must not remove the
 * live socket of the earlier one.
 */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found === null) return;
  if (!found.isSocket())
    throw new Error(`${path} is in the way and is no socket: remove it, or choose another --state-dir`);
  if (await answers(path)) throw inUse(path);
  const aside = `${path}.${process.pid}`;
  const moved = await rename(path, aside).then(() => true, ignoreMissing);
  if (moved === null) return;
  if (await answers(aside)) {
    await rename(aside, path);
    throw inUse(path);
  }
  await unlink(aside).catch(ignoreMissing);
}

/**
 * Whether a controller may answer on the socket, even one that is busy or belongs to another user. Only a refused
 * connection proves that there is none.
 */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function inUse(path: string): Error {
  return new Error(
    `another controller runs on this state directory (it answers at ${path}): stop it, or choose another --state-dir`,
  );
}

function explained(error: NodeJS.ErrnoException, path: string): Error {
  const remedy = error.code === 'EACCES' ? 'the state directory must be writable' : 'check the state directory';
  return new Error(`cannot listen on ${path} (${error.code ?? error.message}): ${remedy}`, { cause: error });
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
