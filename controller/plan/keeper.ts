import type { ObservedContainer } from '../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL, VOLUME_TYPE, cacheVolumeName, keeperName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore, isSharedVolumeOurs, sharedVolumeLabels } from '../model/shared-volume.js';
import {
  SETTLE_MS,
  failing,
  making,
  removing,
  step,
  stoppingIfUp,
  takingName,
  type KeeperInput,
  type KeeperPlan,
} from './keeper-plan.js';
import { networkFirst } from './keeper-network.js';
import { planReplacement } from './keeper-replacement.js';
import { seedFirst } from './keeper-seed.js';
import { planUpkeep } from './keeper-upkeep.js';
import type { Operation } from './types.js';

export type { KeeperInput, KeeperPlan } from './keeper-plan.js';

/**
 * Plans what a cache's keeper needs. Pure. Two keepers never run on one volume at once (F18): a changed keeper is
 * created beside the old one, which stops before the new one starts and is started again when the new one does not
 * answer.
 */
export function planKeeper(input: KeeperInput): KeeperPlan {
  return seedFirst(input.seed, input.restartInMs, networkFirst(input, planStep(input)));
}

function planStep(input: KeeperInput): KeeperPlan {
  const { main, next, wanted, cache } = input;
  const foreign = [main, next].find((container) => container !== null && !isKeeper(container));
  if (foreign) {
    const message = `a container named ${foreign.name} exists and is no keeper of ours`;
    return failing({ reason: 'KeeperConflict', message });
  }
  if (wanted === null) return planRetirement(input);
  const conflict = volumeConflict(input);
  if (conflict !== null) return failing(conflict);
  const inUse = replacedSystemInUse(input);
  if (inUse !== null)
    return { ...failing(inUse), operations: stoppingIfUp(main, 'the replaced system uses the volume') };
  if (main === null && next !== null) return step([takingName(next, cache)]);
  if (main === null)
    return step([...volumeIfMissing(input), ...making(input, wanted, keeperName(cache), 'the cache has no keeper')]);
  if (main.state === 'removing') return { ...step([]), recheckMs: SETTLE_MS };
  if (main.labels[LABEL.specHash] === wanted.hash) return planUpkeep(input, wanted, main);
  return planReplacement(input, wanted, main);
}

/**
 * Removes a keeper that no spec and no workspace names, provided that it was made from a file of this instance and
 * nothing mounts its volume any more. The volume stays; it is never removed here.
 */
function planRetirement({ main, next, instance, users }: KeeperInput): KeeperPlan {
  // A controller that was killed between the two removals has left the next one alone.
  const isOurs = (main ?? next)?.labels[LABEL.cacheOwner] === instance;
  if (!isOurs || users.length > 0) return { ...step([]), usable: main?.state === 'running' ? main : null };
  return step(
    [main, next].flatMap((container) =>
      container === null ? [] : [removing(container, 'no spec and no workspace names the cache')],
    ),
  );
}

function volumeConflict({ volume }: KeeperInput): Failure | null {
  if (volume === undefined || isSharedVolumeOurs(volume, VOLUME_TYPE.cache)) return null;
  return {
    reason: 'VolumeConflict',
    message:
      `the volume ${volume.name} exists and is not a volume of type ${VOLUME_TYPE.cache} ` + `(${LABEL.type}) of ours`,
  };
}

/** While containers of the replaced system use the volume, no keeper may start to write it. */
function replacedSystemInUse({ cache, main, users }: KeeperInput): Failure | null {
  const old = users
    .filter(isOnBareStore)
    .map(({ name }) => name)
    .sort();
  if (old.length === 0 || main?.state === 'running') return null;
  return {
    reason: 'CacheMigrating',
    message:
      `the volume ${cacheVolumeName(cache)} holds the bare store of the replaced system, ` +
      `which still serves ${old.join(', ')}`,
  };
}

function volumeIfMissing({ cache, volume }: KeeperInput): Operation[] {
  if (volume !== undefined) return [];
  return [
    {
      type: 'create-volume',
      volume: cacheVolumeName(cache),
      labels: sharedVolumeLabels(VOLUME_TYPE.cache),
      cause: 'the volume does not exist',
      drift: 'volume',
    },
  ];
}

function isKeeper({ labels }: ObservedContainer): boolean {
  return labels[LABEL.managed] === 'true' && labels[LABEL.type] === CONTAINER_TYPE.keeper;
}
