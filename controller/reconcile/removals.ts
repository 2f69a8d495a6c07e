import { LABEL } from '../model/names.js';
import type { DesiredSnapshot } from '../model/desired.js';
import type { EngineView } from '../observe/engine-view.js';
import { limitRemovals } from '../plan/removal-limit.js';
import type { ControllerState } from './state.js';

/** An orphan must be missing in two complete scans at least this far apart, as a file must (laws 2 and 4). */
const ORPHAN_GRACE_MS = 500;

/** What is kept between two decisions: confirmed names, and since when (ms, our clock) orphans have been seen. */
export interface RemovalLedger {
  readonly approved: Set<string>;
  readonly orphanSince: Map<string, number>;
}

/**
 * Decides which removals may go ahead. Candidates are the workspaces whose spec is provably gone, and containers of our
 * instance that no spec names although every source was read whole: there the last good spec is unknown, so the data
 * volume stays. Returns true when an orphan needs another scan to be sure.
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
  const decide = (gone: readonly string[]) =>
    limitRemovals({ existing, gone, approved: options.allowPrune ? 'all' : ledger.approved });
  const decision = decide([...candidates.keys()]);
  // A directory is emptied file by file: what is absent and not yet provably gone counts, or the first would slip
  // through.
  const withLikely = decide([...new Set([...candidates.keys(), ...desired.absent, ...orphans])]);
  const isGone = (name: string) => !ledger.approved.has(name) && (candidates.has(name) || orphans.includes(name));
  const held = new Set([...decision.held, ...(options.allowPrune ? [] : stillHeld(state.held, desired, isGone))]);
  state.removals = new Map(
    decision.allowed
      .filter((name) => !held.has(name) && withLikely.allowed.includes(name))
      .map((name) => [name, candidates.get(name) ?? null]),
  );
  state.held = held;
  return orphans.some((name) => !isSure(name));
}

/**
 * What was held, before a restart too, waits for its own confirmation: neither workspaces made since nor the
 * confirmation of others release it. A spec that came back makes it another matter.
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

/** Law 2: an incomplete snapshot removes nothing. */
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
