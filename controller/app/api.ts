import type { RunOptions } from '../cli/actions.js';
import { controlSocketPath } from '../cli/client/control-client.js';
import { systemClock } from '../model/clock.js';
import { gitSourceId } from '../model/git.js';
import { createServer, type ControllerServer } from '../server/server.js';
import type { DesiredState } from '../source/desired-state.js';
import type { GitSource } from '../source/git/git-source.js';
import type { AssembledController } from './assembly.js';
import { actOnSource, hookSecret } from './git-sources.js';
import { healthOf } from './health.js';
import type { Outputs } from './outputs.js';

/** What the server's endpoints read and act on. */
export interface ApiParts {
  readonly stateDir: string;
  readonly outputs: Pick<Outputs, 'store' | 'metrics' | 'engine' | 'log'>;
  readonly controller: AssembledController;
  readonly sources: DesiredState;
  readonly git: readonly GitSource[];
}

/**
 * Creates the server of a running controller without starting it; with `once`, it has the control socket and no TCP
 * port.
 */
export function createApi(
  options: Pick<RunOptions, 'once' | 'listen' | 'resyncMs' | 'git'>,
  { stateDir, outputs, controller, sources, git }: ApiParts,
): ControllerServer {
  const { store, metrics, engine, log } = outputs;
  return createServer({
    listen: options.once ? null : options.listen,
    socketPath: controlSocketPath(stateDir),
    store,
    metrics: { contentType: metrics.contentType, render: () => scrape(outputs, sources) },
    health: () =>
      healthOf(controller, sources.sources(), {
        resyncMs: options.resyncMs,
        engineDetail: engine.detail(),
        now: systemClock.now(),
      }),
    onApprove: (names) => ({ approved: controller.approve(names) }),
    onClear: (cache, force) => clearCache(controller, cache, force),
    onGc: (cache, how, onNews) => controller.collect(cache, how, onNews),
    onVerify: (cache, how, onNews) => controller.verify(cache, how, onNews),
    onSource: (name, action) => actOnSource(git, name, action),
    webhooks: {
      secretOf: (name) => hookSecret(options.git, name),
      trigger: (name) => git.find((source) => source.name === name)?.sync('hook'),
      onRequest: ({ source, result }) => metrics.webhook({ source: gitSourceId(source), result }),
    },
    onError: (error) => log.error({ error }, 'an HTTP answer failed'),
  });
}

/**
 * Renders the metrics as text. Series about objects that come and go are computed from the current state at each
 * scrape.
 */
function scrape({ metrics, store }: Pick<Outputs, 'store' | 'metrics'>, sources: DesiredState): Promise<string> {
  metrics.observeStatus(store.list());
  metrics.observeCaches(store.caches());
  metrics.sources(sources.sources());
  metrics.removalsHeld(store.held().length);
  return metrics.render();
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
