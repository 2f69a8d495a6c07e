import { describe, expect, it } from '@jest/globals';
import { classify, classifyCall } from '../../../controller/apply/failures.js';
import { EngineError, type EngineFailureKind } from '../../../controller/docker/port.js';
import type { Operation } from '../../../controller/plan/types.js';

const CONTAINER = { name: 'workspace-w', id: 'id' };
const CREATE = {
  type: 'create-container',
  container: 'workspace-w',
  definition: { image: 'x:1' } as never,
  cause: '',
} as const;
const FIRST = {
  type: 'start-container',
  container: { name: 'workspace-w', id: null },
  first: true,
  cause: '',
} as const;
const START = { type: 'start-container', container: CONTAINER, cause: '' } as const;
const PULL = { type: 'pull-image', image: 'x:1', cause: '' } as const;
const VOLUME = { type: 'create-volume', volume: 'v', labels: {}, cause: '' } as const;
const NO_COMMAND =
  'OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown';
const DAMAGED =
  'error evaluating symlinks from mount source "/x/volumes/v/_data": lstat /x/volumes/v/_data: no such file or directory';
const TAKEN =
  'driver failed programming external connectivity on endpoint w: Bind for 127.0.0.1:8080 failed: port is already allocated';
const IN_USE =
  'driver failed programming external connectivity on endpoint w: Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use';

describe('what a failed operation means', () => {
  it.each<[string, Operation, EngineFailureKind, string, string]>([
    ['a command that is not there, at the first start', FIRST, 'rejected', NO_COMMAND, 'StartFailed'],
    ['the same of a container that ran before', START, 'rejected', NO_COMMAND, 'EngineError'],
    ['a file that is no program', FIRST, 'rejected', 'exec /run.sh: exec format error: unknown', 'StartFailed'],
    ['a data volume whose directory is gone', START, 'server', DAMAGED, 'DataVolumeDamaged'],
    ['the same at the first start', FIRST, 'server', DAMAGED, 'DataVolumeDamaged'],
    ['the same at the creation', CREATE, 'server', DAMAGED, 'DataVolumeDamaged'],
    ['a port that another container has', START, 'server', TAKEN, 'PortConflict'],
    ['a port that a process has', FIRST, 'server', IN_USE, 'PortConflict'],
    [
      'a bind source that is not there',
      CREATE,
      'rejected',
      'invalid mount config for type "bind": bind source path does not exist: /x',
      'BindSourceMissing',
    ],
    [
      'more cores than there are',
      CREATE,
      'rejected',
      'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available',
      'CreateFailed',
    ],
    ['an image that is not there', CREATE, 'not-found', 'No such image: x:1', 'ImageMissing'],
    [
      'a taken name',
      CREATE,
      'conflict',
      'Conflict. The container name "/workspace-w" is already in use by container "c".',
      'EngineError',
    ],
    ['a creation that the engine fumbled', CREATE, 'server', 'no space left on device', 'EngineError'],
    [
      'a network that is gone, at the first start',
      FIRST,
      'not-found',
      'network kalpana-workspaces not found',
      'EngineError',
    ],
    [
      'an engine whose containerd is down',
      FIRST,
      'server',
      'connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"',
      'EngineError',
    ],
    [
      'a container marked for removal',
      FIRST,
      'conflict',
      'container is marked for removal and cannot be started',
      'EngineError',
    ],
    [
      'a pull without access',
      PULL,
      'pull-failed',
      "pull access denied for x, repository does not exist or may require 'docker login'",
      'ImagePullFailed',
    ],
    ['a reference that is none', PULL, 'rejected', 'invalid reference format', 'ImagePullFailed'],
    ['a volume that is not ours', VOLUME, 'conflict', 'the volume v existed already and is not ours', 'VolumeConflict'],
    ['no engine', CREATE, 'unreachable', 'the connection was lost', 'EngineUnreachable'],
    ['no answer in time', CREATE, 'timeout', 'no answer', 'EngineTimeout'],
    ['the end of the controller', CREATE, 'aborted', 'given up', 'EngineUnreachable'],
    ['an answer that makes no sense', CREATE, 'malformed', 'no JSON', 'EngineMalformedAnswer'],
  ])('%s', (_what, operation, kind, message, reason) => {
    const failure = classify(operation, new EngineError(kind, 'verb', message));
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(message);
  });

  it.each<[Operation, string]>([
    [CREATE, 'create-container workspace-w from x:1: it failed'],
    [START, 'start-container workspace-w: it failed'],
    [PULL, 'pull-image x:1: it failed'],
    [VOLUME, 'create-volume v: it failed'],
    [{ type: 'connect-network', network: 'n', container: CONTAINER, cause: '' }, 'connect-network n: it failed'],
  ])('says what was tried', (operation, message) => {
    expect(classify(operation, new EngineError('server', 'verb', 'it failed')).message).toBe(message);
  });

  it('passes a fault of ours on', () => {
    const fault = new TypeError('undefined is not a function');
    expect(() => classify(START, fault)).toThrow(fault);
    expect(() => classifyCall(fault)).toThrow(fault);
    expect(classifyCall(new EngineError('timeout', 'listContainers', 'late'))).toEqual({
      reason: 'EngineTimeout',
      message: 'late',
    });
  });
});
