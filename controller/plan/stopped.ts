import { isUp } from '../model/container-state.js';
import { containerName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore } from '../model/shared-volume.js';
import type { Verdict } from '../model/status.js';
import { leaveBareStore } from './bare-store.js';
import { target, type Slots } from './containers.js';
import { act, emptyPlan, removal, stopping } from './steps.js';
import type { Operation, Plan } from './types.js';

/** Plans a workspace that its spec wants stopped: one container stays under the workspace's name and does not run. */
export function planStopped(slots: Slots, workspace: string): Plan {
  const cause = 'state: Stopped';
  const { main, next, strays } = slots;
  const operations: Operation[] = [];
  const keep = main ?? strays[0] ?? next;
  // The data volume stays. The container is removed, because otherwise it would keep the replaced system's store in the
  // cache's volume forever.
  if (main !== null && isOnBareStore(main)) return leaveBareStore(main, cause);
  if (next !== null && keep !== next)
    operations.push(removal(next, 'the replacement is not needed while stopped', true));
  if (keep !== null && isUp(keep)) operations.push(...stopping(keep, cause));
  if (main === null && keep !== null)
    operations.push({
      type: 'rename-container',
      container: target(keep),
      to: containerName(workspace),
      cause: 'finish the replacement',
    });
  return operations.length > 0 ? act(operations, []) : emptyPlan({ kind: 'stopped' });
}

/** Stops the containers of a workspace while its cache is emptied; the ordinary plan starts them again afterwards. */
export function planCleared({ main, next }: Slots, failure: Failure | null): Plan {
  const cause = 'the cache is being emptied';
  const operations = [main, next].flatMap((container) =>
    container !== null && isUp(container) ? stopping(container, cause) : [],
  );
  const verdict: Verdict = {
    kind: 'failing',
    failure: failure ?? { reason: 'CacheClearing', message: cause },
    serving: false,
  };
  return { ...emptyPlan(verdict), operations };
}
