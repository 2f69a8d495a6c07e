import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createStateFile } from '../state/state-file.js';
import { assembleController, type AssembledController } from './assembly.js';
import type { RunOptions } from '../cli/actions.js';
import { controlSocketPath } from '../cli/client/control-client.js';
import { EXIT } from '../cli/exit-codes.js';
import { createProgress } from '../cli/text/progress.js';
import { finishOnce, firstConvergence, untilTold } from './convergence.js';
import { createDeployments, withDeployments } from './deployments.js';
import { connectEngine } from '../docker/dockerode-port.js';
import { findEndpoint, type EngineEndpoint } from '../docker/endpoint.js';
import type { Controller } from '../reconcile/controller-types.js';
import { actOnSource, createGitSources, hookSecret } from './git-sources.js';
import { systemClock } from '../model/clock.js';
import { gitSourceId } from '../model/git.js';
import { createNotifications } from './notifications.js';
import { DRIFT_FIELDS, OPERATION_TYPES, type OperationType } from '../plan/types.js';
import { createReporting } from './reporting.js';
import { createServer } from '../server/server.js';
import type { Surroundings } from './surroundings.js';
import { createDesiredState, type DesiredState } from '../source/desired-state.js';
import { createStatusStore, type StatusStore } from '../status/store.js';
import { createLogger } from '../telemetry/logger.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';

/** Barriers, and what only asks for a realisation: none is an engine call. */
const NO_CALLS: readonly OperationType[] = ['await-ready', 'await-environment', 'realise-environment'];

/** Operations under way get this long to finish at the end; the whole shutdown stays below five seconds. */
const SHUTDOWN_GRACE_MS = 3_000;

/** The controller in the foreground, or one convergence with `once`. Gives the exit code. */
export async function run(options: RunOptions, around: Surroundings): Promise<number> {
  const { io, signal } = around;
  const log = createLogger({
    level: options.logLevel,
    pretty: around.stderrIsTerminal,
    color: around.stderrIsTerminal && io.color,
  });
  const endpoint = await findEndpoint(around.env, around.home);
  const stateDir = resolve(options.stateDir);
  await mkdir(stateDir, { recursive: true });
  const metrics = createMetrics({
    version: around.version,
    operations: OPERATION_TYPES.filter((type) => !NO_CALLS.includes(type)),
    driftFields: DRIFT_FIELDS,
  });
  const store = createStatusStore({ now: systemClock.now });
  const progress = createProgress(io);
  const docker = connectEngine(endpoint, {
    onRequest: (request) => metrics.engineRequest(request),
    dockerConfigDir: around.env['DOCKER_CONFIG'] ?? `${around.home}/.docker`,
  });
  const git = createGitSources(options.git, {
    stateDir,
    env: around.env,
    clock: systemClock,
    random: Math.random,
    events: {
      onFetch: (facts) => deployments.git.onFetch(facts),
      onCommit: (facts) => deployments.git.onCommit(facts),
    },
  });
  const sources = createDesiredState({
    directories: options.specs,
    git,
    secretsDir: options.secretsDir,
    ageIdentityFile: options.ageIdentityFile,
    stateDir,
    instance: options.instance,
    clock: systemClock,
  });
  const onStateError = (error: Error) =>
    log.warn({ error }, 'the state directory cannot be written; work goes on without it');
  const engine = { detail: 'the engine was not asked yet', failures: 0 };
  const reporting = createReporting({
    store,
    metrics,
    log,
    sources: () => sources.sources(),
    onEngine(up, detail) {
      engine.detail = detail;
      engine.failures = up ? 0 : engine.failures + 1;
    },
    onRealising: progress.realising,
  });
  const ended = new AbortController();
  const notifications = createNotifications(options, {
    clock: systemClock,
    random: Math.random,
    signal: ended.signal,
    onResult(facts) {
      metrics.notified(facts);
      if (facts.result === 'delivered') log.debug({ ...facts }, 'notified');
      else log.warn({ ...facts }, 'notification not delivered');
    },
  });
  const deployments = createDeployments({
    store,
    metrics,
    log,
    clock: systemClock,
    told: createStateFile(join(stateDir, 'deployments.json'), onStateError),
    appliedOf: (source) => git.find(({ id }) => id === source)?.git().applied ?? null,
    notify: notifications.notify,
    showState: notifications.showState,
  });
  const controller = assembleController({
    docker,
    sources,
    instance: options.instance,
    stateDir,
    concurrency: options.concurrency,
    resyncMs: options.resyncMs,
    allowPrune: options.allowPrune,
    once: options.once,
    clock: systemClock,
    random: Math.random,
    listener: withDeployments(reporting.listener, deployments.listener),
    onOperation: reporting.onOperation,
    onPullProgress: (_key, pull) => progress.pulled(pull),
    onStateError,
  });
  const server = createServer({
    listen: options.once ? null : options.listen,
    socketPath: controlSocketPath(stateDir),
    store,
    metrics: { contentType: metrics.contentType, render: () => scrape(metrics, store, sources) },
    health: () => health(controller, sources, options.resyncMs, engine.detail),
    onApprove: (names) => ({ approved: controller.approve(names) }),
    onClear: (cache, force) => clearCache(controller, cache, force),
    onGc: (cache, how, onNews) => controller.collect(cache, how, onNews),
    onSource: (name, action) => actOnSource(git, name, action),
    webhooks: {
      secretOf: (name) => hookSecret(options.git, name),
      trigger: (name) => git.find((source) => source.name === name)?.sync('hook'),
      onRequest: ({ source, result }) => metrics.webhook({ source: gitSourceId(source), result }),
    },
    onError: (error) => log.error({ error }, 'an HTTP answer failed'),
  });
  store.subscribe(progress.changed);
  const { address } = await server.start();
  log.info(
    {
      engine: endpoint.host,
      origin: endpoint.origin,
      specs: options.specs,
      git: options.git.map(({ name, url }) => `${name}: ${url.text}`),
      stateDir,
      address,
      version: around.version,
    },
    'controller starts',
  );
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
      await untilTold(notifications, signal);
      return finishOnce(outcome, store, sources, engine.detail, io);
    }
    await untilAborted(signal);
    return EXIT.ok;
  } finally {
    log.info({}, 'controller stops; workspaces keep running');
    await Promise.all([...git.map((source) => source.stop()), controller.stop(SHUTDOWN_GRACE_MS)]);
    ended.abort();
    await server.stop();
    docker.close();
  }
}

/** Series of objects that come and go are made from what is there at the scrape. */
function scrape(metrics: Metrics, store: StatusStore, sources: DesiredState): Promise<string> {
  metrics.observeStatus(store.list());
  metrics.observeCaches(store.caches());
  metrics.sources(sources.sources());
  metrics.removalsHeld(store.held().length);
  return metrics.render();
}

function health(controller: Controller, sources: DesiredState, resyncMs: number, engineDetail: string) {
  const listedAt = controller.lastListAt();
  const age = listedAt === null ? null : systemClock.now() - listedAt;
  const alive = age !== null && age < Math.max(3 * resyncMs, 60_000);
  const unread = sources.sources().filter((source) => !source.readOnce);
  const ready = controller.engineUp() && controller.lastScanAt() !== null && unread.length === 0;
  const facts = [
    age === null ? 'the engine was never listed' : `the engine was last listed ${Math.round(age / 1_000)} s ago`,
    controller.engineUp() ? null : engineDetail,
    unread.length === 0 ? null : `not read yet: ${unread.map((source) => source.id).join(', ')}`,
  ];
  return { alive, ready, detail: facts.filter((fact) => fact !== null && fact !== '').join('; ') };
}

/** Said where the docker command line would look elsewhere. */
function dockerHost(endpoint: EngineEndpoint): string | null {
  return endpoint.origin === 'default socket' ? null : endpoint.host;
}

async function clearCache(
  controller: AssembledController,
  cache: string,
  force: boolean,
): Promise<{ ok: true; message: string } | { ok: false; error: string }> {
  try {
    return { ok: true, message: await controller.clearCache(cache, force) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
