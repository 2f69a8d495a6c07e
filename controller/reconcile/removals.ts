import { LABEL } from '../model/names.js';
import type { DesiredSnapshot } from '../model/desired.js';
import type { EngineView } from '../observe/engine-view.js';
import { limitRemovals } from '../plan/removal-limit.js';
import type { ControllerState } from './state.js';

/**
 * An orphan, like a file, must be missing in two complete scans that are at least this many ms apart (laws 2 and 4).
 */
const ORPHAN_GRACE_MS = 500;

/**
 * What is kept between two decisions: the confirmed names, and since when each orphan has been seen (ms of our clock).
 */
export interface RemovalLedger {
  readonly approved: Set<string>;
  readonly orphanSince: Map<string, number>;
}

/**
 * Decides which removals may go ahead. Candidates are workspaces whose spec is provably gone, and orphans: containers
 * of our instance that no spec names although every source was read completely. The last good spec of an orphan is
 * unknown, so its data volume stays. Returns true when an orphan needs another scan for certainty.
 */
export function decideRemovals(
  state: ControllerState,
  view: EngineView,
  ledger: RemovalLedger,
  options: { readonly instance: string; readonly allowPrune: boolean; readonly now: number },
): boolean {
  const { desired } = state;
  const existing = ownWorkspaces(view, options.instance);
  const named = (name: string) => desired.workspaces.has(name) || desired.claimed.has(name);
  const orphans = existing.filter((name) => !named(name) && !desired.removed.has(name));
  for (const name of [...ledger.orphanSince.keys()])
    if (!orphans.includes(name) || !desired.complete) ledger.orphanSince.delete(name);
  if (!desired.complete) return keepOnly(state);
  for (const name of orphans) if (!ledger.orphanSince.has(name)) ledger.orphanSince.set(name, options.now);
  const isSure = (name: string) => options.now - (ledger.orphanSince.get(name) ?? options.now) >= ORPHAN_GRACE_MS;
  const candidates = new Map<string, 'Retain' | 'Delete' | null>([
    ...orphans.filter(isSure).map((name) => [name, null] as const),
    ...[...desired.removed].map(([name, { reclaimPolicy }]) => [name, reclaimPolicy] as const),
  ]);
  for (const name of ledger.approved) if (!candidates.has(name)) ledger.approved.delete(name);
  const approved = options.allowPrune ? 'all' : ledger.approved;
  const decision = limitRemovals({ existing, gone: [...candidates.keys()], approved });
  // A directory may be emptied slowly, file by file. While any spec is absent but not yet provably gone, others may
  // follow it, so only confirmed removals go ahead: all of them are counted together when no more follow.
  const isQuiet = [...desired.absent, ...orphans].every((name) => candidates.has(name));
  const mayGo = (name: string) => isQuiet || approved === 'all' || approved.has(name);
  const isGone = (name: string) => !ledger.approved.has(name) && (candidates.has(name) || orphans.includes(name));
  const held = new Set([...decision.held, ...(options.allowPrune ? [] : stillHeld(state.held, desired, isGone))]);
  state.removals = new Map(
    decision.allowed
      .filter((name) => !held.has(name) && mayGo(name))
      .map((name) => [name, candidates.get(name) ?? null]),
  );
  state.held = held;
  return orphans.some((name) => !isSure(name));
}

/**
 * The held removals that stay held, also across a restart, until they are confirmed themselves: neither new workspaces
 * nor the confirmation of others release them. When the spec of one of them comes back, they are decided anew.
 */
function stillHeld(
  before: ReadonlySet<string>,
  { workspaces, claimed, absent }: DesiredSnapshot,
  gone: (name: string) => boolean,
): string[] {
  const names = [...before];
  const isBack = (name: string) => (workspaces.has(name) && !absent.has(name)) || claimed.has(name);
  return names.some(isBack) ? [] : names.filter((name) => gone(name) || absent.has(name));
}

/** Removes nothing, because the snapshot is incomplete (law 2). */
function keepOnly(state: ControllerState): boolean {
  state.removals = new Map();
  return false;
}

function ownWorkspaces(view: EngineView, instance: string): string[] {
  const own = [...view.containers.values()].filter(
    (one) => one.labels[LABEL.managed] === 'true' && one.labels[LABEL.controller] === instance,
  );
  return [...new Set(own.flatMap((one) => one.labels[LABEL.workspace] ?? []))].sort();
}
