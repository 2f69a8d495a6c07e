import type { CallOptions } from '../../docker/port.js';
import type { GcPreview, GcRoot } from '../../model/gc-status.js';
import type { Collected } from './collect.js';
import type { GcCommands } from './gc-commands.js';
import type { RootsPlan } from './plan-roots.js';

/** What a dry run has to tell: what is dead now, and what would be without the roots that are about to go. */
export async function foretell(
  commands: GcCommands,
  { expiring, roots }: RootsPlan,
  allRoots: readonly GcRoot[],
  found: Collected,
  calls: CallOptions,
): Promise<Omit<GcPreview, 'cache'>> {
  const processes = allRoots.filter(({ kind }) => kind === 'process');
  const { own } = await commands.pressure(
    [...roots, ...processes].map(({ path }) => path),
    expiring.map(({ path }) => path),
    calls,
  );
  const dead = new Map([...found.dead, ...[...own.values()].flatMap((paths) => [...paths])]);
  const rows = [...dead]
    .map(([path, bytes]) => ({ path, bytes }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  return {
    dead: rows,
    deadBytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    keptPaths: found.livePaths,
    roots: allRoots,
    expiring,
  };
}
