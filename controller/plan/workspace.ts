import { containerName, dataVolumeName } from '../model/names.js';
import { isOnBareStore } from '../model/shared-volume.js';
import type { ObservedContainer } from '../model/engine-objects.js';
import { leaveBareStore, needsSoundStore } from './bare-store.js';
import { target } from './containers.js';
import { planContext, type PlanContext } from './context.js';
import { differences, type Difference } from './diff.js';
import { guard } from './guard.js';
import { planReplacement, planTakeover } from './replacement.js';
import { portDifferences } from './settled-ports.js';
import { act, creation, emptyPlan, removal } from './steps.js';
import { planCleared, planStopped } from './stopped.js';
import type { Plan, WorkspaceInput } from './types.js';
import { keepServing, planMatching } from './upkeep.js';
import { withPackages } from './with-packages.js';

/**
 * Plans the operations for one workspace that a spec describes. Pure and total: equal input gives an equal plan, and a
 * plan whose operations succeeded is followed by an empty one (law 7).
 */
export function planWorkspace(input: WorkspaceInput): Plan {
  const context = planContext(input);
  return guard(context, withPackages(context, choosePlan(context)));
}

function choosePlan(context: PlanContext): Plan {
  const { desired, memory, observed, slots, ports } = context;
  const { main, next } = slots;
  if (desired.state === 'Stopped') return planStopped(slots, desired.name);
  if (observed.cache?.mustStop === true) return planCleared(slots, observed.cache.unavailable);
  if (main === null) return planWithoutMain(context);
  if (main.state === 'removing')
    return emptyPlan({ kind: 'progressing', message: `${main.name} is being removed`, replacing: false }, 1_000);
  const changes = [...differences(main, desired), ...portDifferences(main, ports)];
  if (next !== null) return planTakeover(context, main, next, changes);
  const failed = memory.failed?.specHash === desired.specHash ? memory.failed.failure : null;
  if (isOnBareStore(main) && needsSoundStore(context, failed))
    return leaveBareStore(main, 'the workspace needs what only a sound store can hold');
  if (changes.length > 0 && failed !== null) return keepServing(context, main, failed);
  if (changes.length > 0 && desired.secretsReadable)
    return main.state === 'created' ? planAnew(context, main, changes) : planReplacement(context, main, changes);
  if (main.state === 'dead')
    return act(
      [
        removal(main, `${main.name} is dead`, true),
        ...creation(context, { cause: 'the container is dead', drift: 'state' }),
      ],
      ports,
    );
  if (failed !== null && main.state === 'created')
    return emptyPlan({ kind: 'failing', failure: failed, serving: false });
  return planMatching(context, main);
}

/** Replaces a container that never ran. Nobody has used it, so it can be removed first, and law 6 does not apply. */
function planAnew(context: PlanContext, main: ObservedContainer, changes: readonly Difference[]): Plan {
  const cause = changes.map((change) => change.cause).join(', ');
  return act([removal(main, `it never ran; ${cause}`, true), ...creation(context, { cause })], context.ports);
}

function planWithoutMain(context: PlanContext): Plan {
  const { desired, memory, observed, slots, ports } = context;
  const main = containerName(desired.name);
  // A stray is handled before a replacement, because it may be the old container that is being replaced.
  const [stray] = slots.strays;
  if (stray !== undefined) {
    const cause = `name: ${stray.name} -> ${main}`;
    return act([{ type: 'rename-container', container: target(stray), to: main, cause, drift: 'name' }], ports);
  }
  if (slots.next !== null) {
    const cause = 'finish the replacement';
    return act(
      [{ type: 'rename-container', container: target(slots.next), to: main, cause, drift: 'name' }],
      ports,
      true,
    );
  }
  if (memory.failed?.specHash === desired.specHash)
    return emptyPlan({ kind: 'failing', failure: memory.failed.failure, serving: false });
  // A data volume without a container means that somebody removed the container. Without either, the workspace is new.
  const wasThere = observed.volumes.has(dataVolumeName(desired.name));
  const why = wasThere
    ? ({ cause: `the container ${main} does not exist`, drift: 'container' } as const)
    : { cause: 'the workspace is new' };
  return act(creation(context, why), ports);
}
