import type { ObservedContainer } from '../model/engine-objects.js';
import { keeperName } from '../model/names.js';
import { target } from './containers.js';
import {
  SETTLE_MS,
  failing,
  making,
  removing,
  step,
  stoppingIfUp,
  type KeeperInput,
  type KeeperPlan,
  type WantedKeeper,
} from './keeper-plan.js';

/** Keeps the current keeper up, when it matches its spec or must not be changed now. Pure. */
export function planUpkeep(input: KeeperInput, wanted: WantedKeeper, main: ObservedContainer): KeeperPlan {
  if (input.next !== null) return step([removing(input.next, 'the keeper is as wanted already')]);
  switch (main.state) {
    case 'running':
      return { ...step([]), usable: main };
    case 'paused':
      return step([
        { type: 'unpause-container', container: target(main), cause: 'the keeper is paused', drift: 'state' },
      ]);
    case 'dead':
      return step([
        removing(main, 'the keeper is dead'),
        ...making(input, wanted, keeperName(input.cache), 'the keeper was dead'),
      ]);
    case 'restarting':
      // The keeper may need its store again, which only a seed can copy into the volume.
      if (input.seed !== null) return step(stoppingIfUp(main, 'the keeper ends again and again'));
      return {
        ...failing({ reason: 'KeeperNotReady', message: `the keeper ${main.name} ends again and again` }),
        recheckMs: SETTLE_MS * 5,
      };
    case 'created':
    case 'exited':
    case 'removing':
      break;
  }
  if (input.restartInMs > 0)
    return {
      ...failing({ reason: 'KeeperNotReady', message: `the keeper ${main.name} ends soon after its start` }),
      recheckMs: input.restartInMs,
    };
  return step([
    { type: 'start-container', container: target(main), cause: `keeper: ${main.state} -> running`, drift: 'state' },
  ]);
}
