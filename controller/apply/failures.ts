import { EngineError } from '../docker/port.js';
import { saysBindSourceMissing, saysPortTaken, saysVolumeDirectoryGone } from '../model/engine-messages.js';
import { FailureError, type Failure, type Reason } from '../model/reasons.js';
import type { Operation } from '../plan/types.js';

/** Messages with which the engine refuses the container itself, so that a retry would fail as well. */
const CANNOT_START = new RegExp(
  [
    'executable file not found',
    'no such file or directory',
    'permission denied',
    'exec format error',
    'not a directory',
    'invalid',
    'OCI runtime create failed.*exec',
  ].join('|'),
  'i',
);

/** Messages that say that the engine cannot reach its own runtime; the container is not at fault. */
const ENGINE_AILS = /containerd\.sock|error while dialing/i;

/**
 * Classifies the failure of an operation for its workspace (law 9). Rethrows an error that is neither an `EngineError`
 * nor a `FailureError`, because it is a bug.
 */
export function classify(operation: Operation, error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (!(error instanceof EngineError)) throw error;
  const message = `${describe(operation)}: ${error.message}`;
  return { reason: reasonOf(operation, error), message };
}

/**
 * Classifies a failure outside any operation, such as that of a list. Rethrows an error that is neither an
 * `EngineError` nor a `FailureError`.
 */
export function classifyCall(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (!(error instanceof EngineError)) throw error;
  return { reason: transportReason(error), message: error.message };
}

function reasonOf(operation: Operation, error: EngineError): Reason {
  const transport = transportReason(error);
  if (transport !== 'EngineError') return transport;
  if (operation.type === 'pull-image') return 'ImagePullFailed';
  if (operation.type === 'create-volume' && error.kind === 'conflict') return 'VolumeConflict';
  if (saysPortTaken(error.message)) return 'PortConflict';
  if (saysBindSourceMissing(error.message)) return 'BindSourceMissing';
  if (saysVolumeDirectoryGone(error.message)) return 'DataVolumeDamaged';
  if (operation.type === 'create-container') {
    if (error.kind === 'not-found' && /image/i.test(error.message)) return 'ImageMissing';
    return error.kind === 'rejected' ? 'CreateFailed' : 'EngineError';
  }
  // Only a container that never ran is given up on; one that ran before may well run again.
  const neverRan = operation.type === 'start-container' && operation.first === true;
  return neverRan && error.kind !== 'conflict' && CANNOT_START.test(error.message) && !ENGINE_AILS.test(error.message)
    ? 'StartFailed'
    : 'EngineError';
}

function transportReason(error: EngineError): Reason {
  switch (error.kind) {
    case 'unreachable':
    case 'aborted':
      return 'EngineUnreachable';
    case 'timeout':
      return 'EngineTimeout';
    case 'malformed':
      return 'EngineMalformedAnswer';
    case 'pull-failed':
      return 'ImagePullFailed';
    case 'not-found':
    case 'conflict':
    case 'rejected':
    case 'server':
      return 'EngineError';
  }
}

function describe(operation: Operation): string {
  switch (operation.type) {
    case 'create-network':
    case 'connect-network':
    case 'disconnect-network':
      return `${operation.type} ${operation.network}`;
    case 'create-volume':
    case 'remove-volume':
      return `${operation.type} ${operation.volume}`;
    case 'pull-image':
      return `${operation.type} ${operation.image}`;
    case 'create-container':
      return `${operation.type} ${operation.container} from ${operation.definition.image}`;
    case 'start-container':
    case 'stop-container':
    case 'unpause-container':
    case 'rename-container':
    case 'update-container':
    case 'remove-container':
    case 'await-ready':
    case 'prepare-profiles':
      return `${operation.type} ${operation.container.name}`;
    case 'realise-environment':
    case 'await-environment':
      return `${operation.type} of ${operation.workspace}`;
    case 'import-image':
      return `${operation.type} ${operation.image}`;
  }
}
