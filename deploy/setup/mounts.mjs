// File systems that an engine left mounted: its data root (made shared), overlays, shm and network namespaces.
import { readFileSync } from 'node:fs';
import { run } from './processes.mjs';

/** Mount points at or below one of `paths`, innermost first. */
export function mountsBelow(paths) {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4]?.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))))
    .filter((point) => point && paths.some((path) => point === path || point.startsWith(`${path}/`)))
    .sort((a, b) => b.length - a.length);
}

export async function unmountBelow(paths) {
  for (const point of mountsBelow(paths)) await run('umount', ['--lazy', point]);
  return mountsBelow(paths);
}
