import { readFile, readdir, readlink } from 'node:fs/promises';

/**
 * Finds the process that listens on a host port of this machine, in the form `process 812 (nginx)`. Returns null when
 * there is none or it cannot be determined: no permission to inspect that process, a remote engine, another network
 * namespace. Source: proc(5), /proc/net/tcp.
 */
export async function findPortHolder(
  port: { readonly protocol: 'tcp' | 'udp'; readonly hostPort: number },
  proc = '/proc',
): Promise<string | null> {
  const tables = await Promise.all(
    [`${port.protocol}`, `${port.protocol}6`].map((name) => readFile(`${proc}/net/${name}`, 'utf8').catch(() => '')),
  );
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return null;
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    if (await holdsSocket(`${proc}/${pid}/fd`, inodes)) {
      const name = await readFile(`${proc}/${pid}/comm`, 'utf8').catch(() => '?');
      return `process ${pid} (${name.trim()})`;
    }
  }
  return 'a process that cannot be looked into';
}

const TCP_LISTEN = '0A';
/** The state of a UDP socket that is not connected. */
const UDP_BOUND = '07';

function listeningInodes(
  table: string,
  port: { readonly protocol: 'tcp' | 'udp'; readonly hostPort: number },
): string[] {
  const wantedState = port.protocol === 'tcp' ? TCP_LISTEN : UDP_BOUND;
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === wantedState && parseInt(fields[1]?.split(':')[1] ?? '', 16) === port.hostPort)
    .flatMap((fields) => fields[9] ?? []);
}

async function holdsSocket(fdDirectory: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const fds = await readdir(fdDirectory).catch(() => []);
  for (const fd of fds) {
    const target = await readlink(`${fdDirectory}/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
