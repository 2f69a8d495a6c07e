import type { Operation } from './types.js';

/**
 * Renders one operation as a line: the action, its object, and its cause. `plan` prints this text, and tests compare
 * it.
 */
export function renderOperation(operation: Operation): string {
  return `${renderAction(operation)}  # ${operation.cause}`;
}

function renderAction(operation: Operation): string {
  switch (operation.type) {
    case 'create-network':
      return `create network ${operation.network}`;
    case 'create-volume':
      return `create volume ${operation.volume}`;
    case 'remove-volume':
      return `remove volume ${operation.volume}`;
    case 'pull-image':
      return `pull image ${operation.image}`;
    case 'create-container':
      return `create container ${operation.container} from ${operation.definition.image}`;
    case 'start-container':
      return `start ${operation.container.name}`;
    case 'stop-container':
      return `stop ${operation.container.name}`;
    case 'unpause-container':
      return `unpause ${operation.container.name}`;
    case 'rename-container':
      return `rename ${operation.container.name} to ${operation.to}`;
    case 'update-container':
      return `update ${operation.container.name}`;
    case 'remove-container':
      return `remove container ${operation.container.name}`;
    case 'connect-network':
      return `connect ${operation.container.name} to ${operation.network}`;
    case 'disconnect-network':
      return `disconnect ${operation.container.name} from ${operation.network}`;
    case 'await-ready':
      return `wait until ${operation.container.name} is ready`;
    case 'realise-environment':
      return realisation(operation);
    case 'await-environment':
      return `wait until the packages of ${operation.workspace} are in place`;
    case 'import-image':
      return `import the Nix store of ${operation.image} into cache ${operation.cache}`;
    case 'prepare-profiles':
      return `prepare ${operation.mountPath} of ${operation.container.name} for Nix profiles`;
  }
}

/** Renders one line per operation; the text is empty for a plan without operations. */
export function renderPlan(operations: readonly Operation[]): string {
  return operations.map((operation) => `${renderOperation(operation)}\n`).join('');
}

function realisation({ workspace, cache, packages }: Extract<Operation, { type: 'realise-environment' }>): string {
  return `realise environment of ${workspace} in cache ${cache} (${packages.join(', ') || 'no packages'})`;
}
