import type { DesiredSnapshot, DesiredWorkspace } from '../model/desired.js';
import { openQueue, type Loop } from './loop.js';
import { cacheKey } from './reconcile-cache.js';
import { SHARED_KEY } from './reconcile-shared.js';
import { settleRemovals } from './settle-removals.js';
import { isChanged, reportRevisions, wantsTheSame } from './spec-change.js';
import { reportClaims, reportSettled, surveyAll } from './survey.js';

/** Reads all sources, reports what follows from them alone, and queues what their changes affect. */
export async function scan(loop: Loop): Promise<void> {
  const { state, inputState, listener, caches, queue } = loop;
  const before = state.desired;
  const snapshot = await loop.sources.scan(loop.signal);
  if (loop.signal.aborted) return;
  state.desired = snapshot;
  const isFirst = inputState.lastScanAt === null;
  inputState.lastScanAt = loop.clock.now();
  listener.scanned(snapshot);
  const changedCaches = caches.update(snapshot);
  for (const name of changedCaches) queue.add(cacheKey(name), 'spec');
  if (inputState.lastListAt !== null) settleRemovals(loop);
  openQueue(loop);
  reportClaims(before, loop);
  reportRevisions(before, snapshot, listener);
  if (!isFirst) return queueChanges(before, changedCaches, loop);
  if (inputState.lastListAt !== null) surveyAll('start', loop);
}

function queueChanges(before: DesiredSnapshot, changedCaches: readonly string[], loop: Loop): void {
  const { queue } = loop;
  const { workspaces } = loop.state.desired;
  const changed = [...workspaces.values()].filter((workspace) => {
    const was = before.workspaces.get(workspace.name);
    return isChanged(was, workspace) && !isReported(was, workspace, loop);
  });
  if (changed.length > 0 || before.workspaces.size !== workspaces.size) queue.add(SHARED_KEY, 'spec', true);
  // A cache with another nixpkgs needs another environment for each of its workspaces.
  for (const { name, creation } of workspaces.values())
    if (creation.cache !== null && changedCaches.includes(creation.cache)) queue.add(name, 'cache', true);
  for (const { name } of changed) {
    loop.backoff.reset(name);
    loop.passes.delete(name);
    queue.add(name, 'spec');
  }
}

/**
 * Reports a workspace of which only the problem has changed (a newer spec is broken), because that changes its status
 * and needs no call to the engine. Returns whether it was reported.
 */
function isReported(was: DesiredWorkspace | undefined, workspace: DesiredWorkspace, loop: Loop): boolean {
  const { engineUp, lastListAt } = loop.inputState;
  return engineUp && lastListAt !== null && wantsTheSame(was, workspace) && reportSettled(workspace.name, loop);
}
