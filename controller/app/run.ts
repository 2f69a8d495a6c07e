import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunOptions } from '../cli/actions.js';
import { EXIT } from '../cli/exit-codes.js';
import { connectEngine } from '../docker/dockerode-port.js';
import { findEndpoint, type EngineEndpoint } from '../docker/endpoint.js';
import { systemClock } from '../model/clock.js';
import { createDesiredState } from '../source/desired-state.js';
import { createApi } from './api.js';
import { assembleController } from './assembly.js';
import { finishOnce, firstConvergence, untilNotified } from './convergence.js';
import { createGitSources } from './git-sources.js';
import { createOutputs } from './outputs.js';
import type { Surroundings } from './surroundings.js';

/** Time that operations under way get to finish at shutdown; the whole shutdown takes less than five seconds. */
const SHUTDOWN_GRACE_MS = 3_000;

/**
 * Runs the controller in the foreground until a signal, or for one convergence with `once`, and returns the exit code.
 */
export async function run(options: RunOptions, around: Surroundings): Promise<number> {
  const { signal } = around;
  const service = await createService(options, around);
  const { outputs, controller, sources, git, endpoint } = service;
  const { log, store, progress, engine, notifications } = outputs;
  store.subscribe(progress.changed);
  const { address } = await service.server.start();
  log.info(startFacts(options, service, address, around.version), 'controller starts');
  for (const source of git) source.start();
  controller.start();
  try {
    const outcome = await firstConvergence(options, { controller, store, sources, engine, signal });
    if (outcome !== 'interrupted')
      progress.settled(store.list(), store.caches(), {
        specs: options.specs,
        git: options.git,
        secretsDir: options.secretsDir,
        ageIdentityFile: options.ageIdentityFile,
        stateDir: options.stateDir,
        address,
        dockerHost: dockerHost(endpoint),
      });
    if (options.once) {
      await untilNotified(notifications, signal);
      return finishOnce(outcome, store, sources, engine.detail(), around.io);
    }
    await untilAborted(signal);
    return EXIT.ok;
  } finally {
    log.info({}, 'controller stops; workspaces keep running');
    await service.stop();
  }
}

type Service = Awaited<ReturnType<typeof createService>>;

/** Creates and connects everything that `run` needs, and starts nothing. */
async function createService(options: RunOptions, around: Surroundings) {
  const endpoint = await findEndpoint(around.env, around.home);
  const stateDir = resolve(options.stateDir);
  await mkdir(stateDir, { recursive: true });
  const ended = new AbortController();
  const outputs = createOutputs(options, around, {
    stateDir,
    signal: ended.signal,
    sources: () => sources.sources(),
    appliedOf: (source) => git.find(({ id }) => id === source)?.git().applied ?? null,
  });
  const docker = connectEngine(endpoint, {
    onRequest: (request) => outputs.metrics.engineRequest(request),
    dockerConfigDir: around.env['DOCKER_CONFIG'] ?? `${around.home}/.docker`,
  });
  const time = { clock: systemClock, random: Math.random };
  const git = createGitSources(options.git, { ...time, stateDir, env: around.env, events: outputs.git });
  const sources = createDesiredState({
    directories: options.specs,
    git,
    secretsDir: options.secretsDir,
    ageIdentityFile: options.ageIdentityFile,
    stateDir,
    instance: options.instance,
    clock: systemClock,
  });
  const controller = assembleController({
    ...time,
    docker,
    sources,
    instance: options.instance,
    stateDir,
    concurrency: options.concurrency,
    resyncMs: options.resyncMs,
    allowPrune: options.allowPrune,
    once: options.once,
    listener: outputs.listener,
    onOperation: outputs.onOperation,
    onPullProgress: (_key, pull) => outputs.progress.pulled(pull),
    onStateError: outputs.onStateError,
  });
  const server = createApi(options, { stateDir, outputs, controller, sources, git });
  const stop = async () => {
    await Promise.all([...git.map((source) => source.stop()), controller.stop(SHUTDOWN_GRACE_MS)]);
    ended.abort();
    await server.stop();
    docker.close();
  };
  return { endpoint, stateDir, outputs, git, sources, controller, server, stop };
}

function startFacts(
  options: RunOptions,
  { endpoint, stateDir }: Service,
  address: string | null,
  version: string,
): Readonly<Record<string, unknown>> {
  return {
    engine: endpoint.host,
    origin: endpoint.origin,
    specs: options.specs,
    git: options.git.map(({ name, url }) => `${name}: ${url.text}`),
    stateDir,
    address,
    version,
  };
}

/**
 * The value of DOCKER_HOST for a person at the docker command line, or null where that finds the same engine by itself.
 */
function dockerHost(endpoint: EngineEndpoint): string | null {
  return endpoint.origin === 'default socket' ? null : endpoint.host;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
