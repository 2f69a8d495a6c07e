import type { ObservedContainer, ObservedNetwork } from '../model/engine-objects.js';
import { KEEPER_NETWORK, LABEL } from '../model/names.js';
import { target } from './containers.js';
import { failing, type KeeperInput, type KeeperPlan } from './keeper-plan.js';
import { isNetworkOurs } from './ownership.js';
import type { Operation } from './types.js';

/**
 * Puts what the keepers' own network needs before the creation or the start of a keeper that is on it: the network
 * itself, and the connection of a keeper that stood still while the network was removed. Pure.
 */
export function networkFirst(input: KeeperInput, plan: KeeperPlan): KeeperPlan {
  const { wanted, network, main, next } = input;
  const first = plan.operations.findIndex(({ type }) => type === 'create-container' || type === 'start-container');
  if (wanted?.definition.network !== KEEPER_NETWORK || first < 0) return plan;
  if (network !== undefined && !isNetworkOurs(network))
    return failing({
      reason: 'NetworkConflict',
      message: `a network named ${KEEPER_NETWORK} exists and does not carry our labels`,
    });
  const starts = plan.operations.flatMap((one) => (one.type === 'start-container' ? [one.container.id] : []));
  const detached = [main, next].filter((one) => one !== null && starts.includes(one.id) && isDetached(one, network));
  const { operations } = plan;
  return {
    ...plan,
    operations: [
      ...operations.slice(0, first),
      ...(network === undefined ? [creation()] : []),
      ...detached.flatMap((one) => (one === null ? [] : connecting(one))),
      ...operations.slice(first),
    ],
  };
}

/** Whether a container is on a network of this name that was removed since. One that never ran has no network yet. */
function isDetached({ networks }: ObservedContainer, network: ObservedNetwork | undefined): boolean {
  const attached = networks.find(({ name }) => name === KEEPER_NETWORK);
  return attached !== undefined && attached.id !== '' && attached.id !== network?.id;
}

function creation(): Operation {
  return {
    type: 'create-network',
    network: KEEPER_NETWORK,
    labels: { [LABEL.managed]: 'true' },
    cause: 'the network does not exist',
    drift: 'network',
  };
}

function connecting(container: ObservedContainer): Operation[] {
  const cause = `network ${KEEPER_NETWORK}: made anew`;
  const step = { network: KEEPER_NETWORK, container: target(container), cause, drift: 'network' } as const;
  return [
    { type: 'disconnect-network', ...step },
    { type: 'connect-network', ...step },
  ];
}
