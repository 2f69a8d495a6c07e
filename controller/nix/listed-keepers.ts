import type { ObservedContainer } from '../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL, cacheOfKeeperName, keeperName } from '../model/names.js';
import type { SharedByCaches } from './cache-context.js';

type View = Pick<SharedByCaches['view'], 'containers'>;

/**
 * The caches whose keepers on the engine were made by this instance. A keeper remains when its spec is removed while no
 * controller runs.
 */
export function cachesWithKeeper({ containers }: View, instance: string): string[] {
  return [...containers.values()].flatMap(({ name, labels }) =>
    labels[LABEL.type] === CONTAINER_TYPE.keeper && labels[LABEL.cacheOwner] === instance
      ? (cacheOfKeeperName(name) ?? [])
      : [],
  );
}

/**
 * The keeper of the cache as the engine lists it; neither a keeper that is about to replace it nor the seed of its
 * volume counts.
 */
export function keeperOf(cache: string, { containers }: View): ObservedContainer | undefined {
  return [...containers.values()].find(({ name }) => name === keeperName(cache));
}
