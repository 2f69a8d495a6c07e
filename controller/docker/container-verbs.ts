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

const READ_MS = 30_000;
const WRITE_MS = 60_000;
/** What a stop may take beyond the grace: SIGKILL and the teardown of networks and mounts. */
const STOP_SLACK_MS = 30_000;

export function containerVerbs(engine: EngineClient): ContainerVerbs {
  const inspect = (verb: string, idOrName: string, options?: CallOptions) =>
    engine.json(
      { verb, method: 'GET', path: `${pathOf('containers', idOrName)}/json`, deadlineMs: READ_MS, options },
      fromInspect,
    );

  const post = (verb: string, idOrName: string, action: string, call: Partial<Call>) =>
    engine.effect({
      verb,
      method: 'POST',
      path: pathOf('containers', idOrName, action),
      deadlineMs: WRITE_MS,
      ...call,
    });

  return {
    listContainers(filter = {}, options) {
      const filters: Record<string, string> =
        filter.workspace === undefined
          ? {}
          : { filters: JSON.stringify({ label: [`${LABEL.workspace}=${filter.workspace}`] }) };
      return engine.json(
        {
          verb: 'listContainers',
          method: 'GET',
          path: '/containers/json',
          query: { all: '1', ...filters },
          deadlineMs: READ_MS,
          options,
        },
        (answer) => listFrom(answer, 'the list of containers', fromListEntry),
      );
    },

    inspectContainer: (idOrName, options) => absentIsNull(inspect('inspectContainer', idOrName, options)),

    async createContainer(name, definition, options) {
      try {
        return await engine.json(
          {
            verb: 'createContainer',
            method: 'POST',
            path: '/containers/create',
            query: { name },
            body: createBody(definition),
            deadlineMs: WRITE_MS,
            options,
          },
          (answer) => asName(asObject(answer, 'it')['Id'], "the new container's Id"),
        );
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        throw new EngineError(error.kind, error.verb, maskSecrets(error.message, definition), error.status, {
          cause: error.cause,
        });
      }
    },

    startContainer: (idOrName, options) =>
      post('startContainer', idOrName, 'start', { unchangedIsSuccess: true, options }),

    stopContainer: (idOrName, graceSeconds, options) =>
      post('stopContainer', idOrName, 'stop', {
        query: { t: String(Math.ceil(graceSeconds)) },
        unchangedIsSuccess: true,
        longLived: true,
        deadlineMs: graceSeconds * 1000 + STOP_SLACK_MS,
        options,
      }),

    unpauseContainer: (idOrName, options) =>
      alreadySo(post('unpauseContainer', idOrName, 'unpause', { options }), /is not paused/),

    renameContainer: (idOrName, name, options) =>
      alreadySo(
        post('renameContainer', idOrName, 'rename', { query: { name }, options }),
        /same name as its current name/,
      ),

    async updateContainer(idOrName, { limits, restartPolicy }, options) {
      const { details } = await inspect('updateContainer', idOrName, options);
      const lifts = limits.nanoCpus === 0 && details !== null && details.limits.nanoCpus !== 0;
      const hostCpus = lifts ? await cpusOfHost(engine, options) : 0;
      await post('updateContainer', idOrName, 'update', {
        body: updateBody(limits, details?.limits ?? limits, restartPolicy, hostCpus),
        options,
      });
    },

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

function cpusOfHost(engine: EngineClient, options?: CallOptions): Promise<number> {
  return engine.json(
    { verb: 'updateContainer', method: 'GET', path: '/info', deadlineMs: READ_MS, options },
    (answer) => asNumber(asObject(answer, 'it')['NCPU'], 'NCPU'),
  );
}
