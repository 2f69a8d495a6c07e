import type { GcRecord } from './record.js';
import type { GcFindings, GcWorkspace } from './run-state.js';

/**
 * Since when each workspace is gone, after a run; times in ms since the epoch. Where no spec of ours tells, the
 * container does: its workspace is gone since the container was last there. Where nothing tells, it is gone since now.
 * Those that went before `forgetBefore` and have nothing left in the volume are forgotten.
 */
export function goneAfter(
  before: Readonly<Record<string, number>>,
  { owners, kept }: Pick<GcFindings, 'owners' | 'kept'>,
  named: ReadonlySet<string>,
  seenAt: number,
  forgetBefore: number,
): Record<string, number> {
  const left = new Set(kept);
  const gone = new Map(Object.entries(before).filter(([name, since]) => left.has(name) || since > forgetBefore));
  for (const name of owners) if (!named.has(name)) gone.set(name, Math.max(gone.get(name) ?? 0, seenAt));
  for (const name of kept) if (!named.has(name) && !gone.has(name)) gone.set(name, seenAt);
  return Object.fromEntries(gone);
}

/**
 * The same after a look at the specs, which name `present`; `known`: everybody who was there before. Null: nothing
 * changed.
 */
export function goneWithNames(
  before: Readonly<Record<string, number>>,
  present: ReadonlySet<string>,
  known: readonly string[],
  now: number,
): Record<string, number> | null {
  const gone = known.filter((name) => !present.has(name) && before[name] === undefined);
  const kept = Object.entries(before).filter(([name]) => !present.has(name));
  if (gone.length === 0 && kept.length === Object.keys(before).length) return null;
  return Object.fromEntries([...kept, ...gone.map((name) => [name, now] as const)]);
}

/** Where each workspace mounts its data volume, as its spec has it now; of one that is gone, as it was. */
export function mountPathsWith(
  { mountPaths, goneSince }: Pick<GcRecord, 'mountPaths' | 'goneSince'>,
  workspaces: readonly Pick<GcWorkspace, 'name' | 'storageMountPath'>[],
): Record<string, string> {
  const now = Object.fromEntries(workspaces.map(({ name, storageMountPath }) => [name, storageMountPath]));
  const were = Object.entries(mountPaths).filter(([name]) => now[name] === undefined && goneSince[name] !== undefined);
  return { ...Object.fromEntries(were), ...now };
}
