import type { CallOptions } from '../../docker/port.js';
import type { DesiredCache } from '../../model/desired.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import { bareImageId } from '../../model/image-id.js';
import {
  KEEPER_NETWORK,
  LABEL,
  cacheVolumeName,
  keeperName,
  keeperSeedName,
  nextKeeperName,
  scannerName,
} from '../../model/names.js';
import type { KeeperInput } from '../../plan/keeper.js';
import { keeperHash, seedDefinition } from './keeper-definition.js';
import type { KeeperContext } from './keeper-state.js';

/** The containers that make up a keeper, as one look found them. */
export type KeeperSight = Pick<KeeperInput, 'main' | 'next' | 'seed' | 'network'>;

/** Inspects the keeper's containers and lists the users of its volume. Throws an `EngineError`. */
export async function observeKeeper(
  context: KeeperContext,
  desired: DesiredCache | null,
  calls: CallOptions,
): Promise<KeeperSight> {
  const { cache, docker } = context.deps;
  const [main, next] = await Promise.all([
    docker.inspectContainer(keeperName(cache), calls),
    docker.inspectContainer(nextKeeperName(cache), calls),
    listUsers(context, calls),
  ]);
  context.state.container = main ?? next;
  const isServing =
    main?.state === 'running' && desired !== null && main.labels[LABEL.specHash] === keeperHash(desired.config);
  if (desired === null || isServing) return { main, next, seed: null, network: undefined };
  const [seed, network] = await Promise.all([
    observeSeed(context, desired, calls),
    observeNetwork(context, desired, calls),
  ]);
  return { main, next, seed, network };
}

/** The keepers' own network, from the engine itself, because the last list may be older than a removal. */
async function observeNetwork(
  { deps }: KeeperContext,
  { config }: DesiredCache,
  calls: CallOptions,
): Promise<KeeperInput['network']> {
  if (config.network !== KEEPER_NETWORK) return undefined;
  return (await deps.docker.listNetworks(calls)).find(({ name }) => name === KEEPER_NETWORK);
}

/**
 * Lists the containers in any state, ours or not, that mount the volume of the cache, except those of the cache itself.
 * The engine is asked each time, because a keeper may be about to empty the volume.
 */
export async function listUsers(
  { deps, state }: KeeperContext,
  calls: CallOptions,
): Promise<readonly ObservedContainer[]> {
  const { cache } = deps;
  const listed = await deps.docker.listContainers({}, calls);
  state.imagesInUse = new Set(listed.map(({ imageId }) => bareImageId(imageId)));
  const own = new Set([keeperName(cache), nextKeeperName(cache), keeperSeedName(cache), scannerName(cache)]);
  const volume = cacheVolumeName(cache);
  state.users = listed.filter(
    ({ name, mounts }) => !own.has(name) && mounts.some(({ type, source }) => type === 'volume' && source === volume),
  );
  return state.users;
}

/**
 * The seed that the keeper needs. Only an image that is on the engine can be inspected, so a keeper whose image is not
 * pulled yet gets its seed after a failed first start.
 */
async function observeSeed(
  { deps }: KeeperContext,
  desired: DesiredCache,
  calls: CallOptions,
): Promise<KeeperInput['seed']> {
  const imageId = await deps.imageWithStore(desired.config.image, calls);
  if (imageId === null) return null;
  const name = keeperSeedName(deps.cache);
  return {
    name,
    definition: seedDefinition(desired, imageId),
    container: await deps.docker.inspectContainer(name, calls),
  };
}
