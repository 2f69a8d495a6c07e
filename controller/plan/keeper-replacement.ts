import type { ObservedContainer } from '../model/engine-objects.js';
import { LABEL, keeperName, nextKeeperName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { target } from './containers.js';
import {
  SETTLE_MS,
  creating,
  making,
  removing,
  startingByName,
  step,
  stoppingIfUp,
  takingName,
  type FailedKeeper,
  type KeeperInput,
  type KeeperPlan,
  type WantedKeeper,
} from './keeper-plan.js';
import { planUpkeep } from './keeper-upkeep.js';
import type { Operation } from './types.js';

const CAUSE = 'the configuration or the image of the keeper changed';

/**
 * Plans the next step of replacing the keeper `main` by the wanted one: the next keeper is created beside it, the old
 * one stops, the next one starts, answers, and takes the old one's name. Pure.
 */
export function planReplacement(input: KeeperInput, wanted: WantedKeeper, main: ObservedContainer): KeeperPlan {
  const { next, failed } = input;
  const owner = main.labels[LABEL.cacheOwner];
  if (owner !== undefined && owner !== input.instance) return keepForItsOwner(input, wanted, main, owner);
  if (failed?.hash === wanted.hash) return rollBack(input, wanted, main, failed);
  if (next === null) return beginReplacement(input, wanted, main);
  if (next.labels[LABEL.specHash] !== wanted.hash || next.state === 'dead')
    return step([removing(next, 'the next keeper is outdated'), ...servingOn(main)]);
  if (next.state === 'created')
    return step([
      ...stoppingIfUp(main, CAUSE),
      { type: 'start-container', container: target(next), first: true, cause: CAUSE },
    ]);
  if (next.state !== 'running') {
    const message = `the changed keeper of the cache ${input.cache} does not come up`;
    const failure: Failure = { reason: 'KeeperNotReady', message };
    return { ...step([]), failure, giveUp: { hash: wanted.hash, failure }, recheckMs: 0 };
  }
  if (!input.nextProven) return { ...step(stoppingIfUp(main, CAUSE)), toProve: next, recheckMs: SETTLE_MS };
  return step([removing(main, CAUSE), takingName(next, input.cache)]);
}

/**
 * Keeps up a keeper that was made from a file of another instance. The defaults of this instance do not conflict with
 * it; a file of this instance does.
 */
function keepForItsOwner(input: KeeperInput, wanted: WantedKeeper, main: ObservedContainer, owner: string): KeeperPlan {
  const kept = planUpkeep(input, wanted, main);
  if (wanted.isImplicit) return kept;
  const message = `the keeper ${main.name} was made from the NixCache of the controller instance "${owner}"`;
  return { ...kept, failure: { reason: 'KeeperConflict', message } };
}

function rollBack(
  input: KeeperInput,
  wanted: WantedKeeper,
  main: ObservedContainer,
  { failure }: FailedKeeper,
): KeeperPlan {
  if (input.next === null) return { ...planUpkeep(input, wanted, main), failure };
  return step([removing(input.next, `roll back: ${failure.message}`), ...servingOn(main)]);
}

function beginReplacement(input: KeeperInput, wanted: WantedKeeper, main: ObservedContainer): KeeperPlan {
  if (main.state !== 'running')
    return step([removing(main, CAUSE), ...making(input, wanted, keeperName(input.cache), CAUSE)]);
  const name = nextKeeperName(input.cache);
  return step([...creating(input, wanted, name, CAUSE), ...stoppingIfUp(main, CAUSE), startingByName(name, CAUSE)]);
}

function servingOn(main: ObservedContainer): Operation[] {
  if (main.state === 'running') return [];
  return [{ type: 'start-container', container: target(main), cause: 'the old keeper serves on' }];
}
