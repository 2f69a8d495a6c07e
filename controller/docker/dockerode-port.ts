import { systemClock, type Clock } from '../model/clock.js';
import { archiveVerbs } from './archive-verbs.js';
import { createEngineClient, type RequestMeasure } from './engine-client.js';
import { containerVerbs } from './container-verbs.js';
import type { EngineEndpoint } from './endpoint.js';
import { eventVerbs } from './event-verbs.js';
import { execVerbs } from './exec-verbs.js';
import { imageVerbs } from './image-verbs.js';
import { logVerbs } from './log-verbs.js';
import { networkVerbs } from './network-verbs.js';
import type { DockerPort } from './port.js';
import { linkVerbs } from './link-verbs.js';
import { statPath } from './stat-path.js';
import { openTransport } from './transport.js';
import { volumeVerbs } from './volume-verbs.js';

export interface ConnectOptions {
  /** Called once for every request when it has ended, and for the event stream when it has opened. */
  readonly onRequest?: (request: RequestMeasure) => void;
  readonly clock?: Clock;
  /**
   * The directory of the `config.json` with credentials for registries, e.g. `~/.docker`; without it, pulls are
   * anonymous.
   */
  readonly dockerConfigDir?: string;
}

/**
 * Creates the port to an engine without opening a connection. The first call connects and negotiates the API version.
 * After `close()` every call fails with `aborted`.
 */
export function connectEngine(endpoint: EngineEndpoint, options: ConnectOptions = {}): DockerPort & { close(): void } {
  const clock = options.clock ?? systemClock;
  const engine = createEngineClient(endpoint.host, openTransport(endpoint), {
    clock,
    onRequest: options.onRequest ?? (() => undefined),
  });
  return {
    version: (callOptions) => engine.version(callOptions),
    ...containerVerbs(engine),
    ...logVerbs(engine),
    ...execVerbs(engine, clock),
    statPath: (idOrName, path, callOptions) => statPath(engine, 'statPath', idOrName, path, callOptions),
    ...linkVerbs(engine),
    ...archiveVerbs(engine, clock),
    ...volumeVerbs(engine),
    ...networkVerbs(engine),
    ...imageVerbs(engine, { clock, dockerConfigDir: options.dockerConfigDir ?? null }),
    ...eventVerbs(engine),
    close: () => engine.close(),
  };
}
