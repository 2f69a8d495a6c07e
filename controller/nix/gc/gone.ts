import type { GcFindings } from './steps.js';

/**
 * Who is gone since when, after a run. Of whom no spec of ours tells, the container does: he is gone since it was last there. Of
 * whom nobody tells, since now. Those that went long ago and have nothing left in the volume are forgotten.
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
