import type { ContainerDefinition, Limits, ObservedContainer } from '../model/engine-objects.js';
import { LABEL } from '../model/names.js';
import { pathOf, type Call, type EngineClient } from './engine-client.js';
import { createBody, maskSecrets, updateBody } from './container-body.js';
import { fromInspect, fromListEntry, listFrom } from './container-view.js';
import { absentIsNull, absentIsSuccess, alreadySo } from './already-so.js';
import { EngineError, type CallOptions, type DockerPort } from './port.js';
import { asName, asNumber, asObject } from './shapes.js';

type ContainerVerbs = Pick<
  DockerPort,
  | 'listContainers'
  | 'inspectContainer'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'unpauseContainer'
  | 'renameContainer'
  | 'updateContainer'
  | 'removeContainer'
>;

const MIB = 2 ** 20;
const READ_MS = 30_000;
const WRITE_MS = 60_000;
/** The time that a stop may take beyond the grace period, in ms: SIGKILL and the teardown of networks and mounts. */
const STOP_SLACK_MS = 30_000;

/** The verbs of the port for containers. */
export function containerVerbs(engine: EngineClient): ContainerVerbs {
  return {
    listContainers: (filter, options) => listContainers(engine, filter?.workspace, options),
    inspectContainer: (idOrName, options) => absentIsNull(inspect(engine, 'inspectContainer', idOrName, options)),
    createContainer: (name, definition, options) => createContainer(engine, name, definition, options),

    startContainer: (idOrName, options) =>
      act(engine, 'startContainer', idOrName, 'start', { unchangedIsSuccess: true, options }),

    stopContainer: (idOrName, graceSeconds, options) =>
      act(engine, 'stopContainer', idOrName, 'stop', {
        query: { t: String(Math.ceil(graceSeconds)) },
        unchangedIsSuccess: true,
        longLived: true,
        deadlineMs: graceSeconds * 1000 + STOP_SLACK_MS,
        options,
      }),

    unpauseContainer: (idOrName, options) =>
      alreadySo(act(engine, 'unpauseContainer', idOrName, 'unpause', { options }), /is not paused/),

    renameContainer: (idOrName, name, options) =>
      alreadySo(
        act(engine, 'renameContainer', idOrName, 'rename', { query: { name }, options }),
        /same name as its current name/,
      ),

    updateContainer: (idOrName, change, options) => updateContainer(engine, idOrName, change, options),

    removeContainer: (idOrName, force, options) =>
      absentIsSuccess(
        engine.effect({
          verb: 'removeContainer',
          method: 'DELETE',
          path: pathOf('containers', idOrName),
          query: { v: '1', force: force ? '1' : '0' },
          deadlineMs: WRITE_MS,
          options,
        }),
      ),
  };
}

function listContainers(
  engine: EngineClient,
  workspace: string | undefined,
  options?: CallOptions,
): Promise<ObservedContainer[]> {
  const filters: Record<string, string> =
    workspace === undefined ? {} : { filters: JSON.stringify({ label: [`${LABEL.workspace}=${workspace}`] }) };
  const query = { all: '1', ...filters };
  return engine.json(
    { verb: 'listContainers', method: 'GET', path: '/containers/json', query, deadlineMs: READ_MS, options },
    (answer) => listFrom(answer, 'the list of containers', fromListEntry),
  );
}

function inspect(
  engine: EngineClient,
  verb: string,
  idOrName: string,
  options?: CallOptions,
): Promise<ObservedContainer> {
  const path = `${pathOf('containers', idOrName)}/json`;
  return engine.json({ verb, method: 'GET', path, deadlineMs: READ_MS, options }, fromInspect);
}

async function createContainer(
  engine: EngineClient,
  name: string,
  definition: ContainerDefinition,
  options?: CallOptions,
): Promise<string> {
  const body = createBody(definition, await memoryLimit(engine, definition, options));
  try {
    return await engine.json(
      {
        verb: 'createContainer',
        method: 'POST',
        path: '/containers/create',
        query: { name },
        body,
        deadlineMs: WRITE_MS,
        options,
      },
      (answer) => asName(asObject(answer, 'it')['Id'], "the new container's Id"),
    );
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = maskSecrets(error.message, definition);
    throw new EngineError(error.kind, error.verb, message, error.status, { cause: error.cause });
  }
}

/** Posts to `/containers/ID/ACTION`. */
function act(engine: EngineClient, verb: string, idOrName: string, action: string, call: Partial<Call>): Promise<void> {
  const path = pathOf('containers', idOrName, action);
  return engine.effect({ verb, method: 'POST', path, deadlineMs: WRITE_MS, ...call });
}

async function updateContainer(
  engine: EngineClient,
  idOrName: string,
  { limits, restartPolicy }: { readonly limits: Limits; readonly restartPolicy: string },
  options?: CallOptions,
): Promise<void> {
  const { details } = await inspect(engine, 'updateContainer', idOrName, options);
  const lifts = limits.nanoCpus === 0 && details !== null && details.limits.nanoCpus !== 0;
  const hostCpus = lifts ? await infoOfHost(engine, 'updateContainer', 'NCPU', options) : 0;
  const body = updateBody(limits, details?.limits ?? limits, restartPolicy, hostCpus);
  await act(engine, 'updateContainer', idOrName, 'update', { body, options });
}

/** The limit in bytes, in whole MiB when it is a share of the host's memory. */
async function memoryLimit(
  engine: EngineClient,
  { limits, memoryShare }: ContainerDefinition,
  options?: CallOptions,
): Promise<number> {
  if (memoryShare === undefined || limits.memoryBytes !== 0) return limits.memoryBytes;
  const bytes = await infoOfHost(engine, 'createContainer', 'MemTotal', options);
  return Math.floor((bytes * memoryShare) / MIB) * MIB;
}

/** A number from what the engine says about its host. */
function infoOfHost(engine: EngineClient, verb: string, field: string, options?: CallOptions): Promise<number> {
  return engine.json({ verb, method: 'GET', path: '/info', deadlineMs: READ_MS, options }, (answer) =>
    asNumber(asObject(answer, 'it')[field], field),
  );
}
