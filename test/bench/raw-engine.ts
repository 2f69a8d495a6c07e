import { Agent, request } from 'node:http';
import { LABEL, WORKSPACE_NETWORK, cacheOfKeeperName, cacheOfVolumeName } from '../../controller/model/names.js';
import type { EngineWatch } from './engine-watch.js';
import { inParallel } from './parallel.js';

/**
 * The engine's API with nothing around it: connections kept alive, JSON in, JSON out. Throws on a status of 400 and
 * above.
 */
export interface RawEngine {
  readonly socketPath: string;
  /** `onChunk` hears the answer as it comes. */
  call<T = unknown>(method: string, path: string, body?: object, onChunk?: (text: string) => void): Promise<T>;
  close(): void;
}

export interface ListedContainer {
  readonly Id: string;
  readonly State: string;
  readonly Names: readonly string[];
}

export function openEngine(host: string): RawEngine {
  if (!host.startsWith('unix://')) throw new Error(`the bench wants an engine on a Unix socket, not ${host}`);
  const socketPath = host.slice('unix://'.length);
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  return {
    socketPath,
    call: (method, path, body, onChunk) => call(socketPath, agent, method, path, body, onChunk),
    close: () => agent.destroy(),
  };
}

function call<T>(
  socketPath: string,
  agent: Agent,
  method: string,
  path: string,
  body?: object,
  onChunk?: (text: string) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers =
      body === undefined
        ? { 'content-length': 0 }
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request({ socketPath, agent, method, path, headers, timeout: 120_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        onChunk?.(chunk.toString('utf8'));
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const content = Buffer.concat(chunks).toString('utf8');
        if ((answer.statusCode ?? 0) >= 400) return reject(new Error(`${method} ${path}: ${content.trim()}`));
        resolve((answer.headers['content-type']?.includes('json') === true ? JSON.parse(content) : content) as T);
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer for two minutes`)));
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Those of workspaces, or what stands for them. */
export async function runningContainers(engine: RawEngine): Promise<ListedContainer[]> {
  const all = await engine.call<ListedContainer[]>('GET', '/containers/json?all=1');
  return all.filter((container) => container.State === 'running' && !isKeeper(container));
}

function isKeeper({ Names: names }: ListedContainer): boolean {
  return names.some((name) => cacheOfKeeperName(name.slice(1)) !== undefined);
}

/**
 * The workspaces' network, made once and found there by all contestants: a 20.10 engine now and then counts endpoints
 * of containers that are gone, and such a network cannot be removed before the engine starts anew.
 */
export async function ensureNetwork(engine: RawEngine): Promise<void> {
  const networks = await engine.call<{ readonly Name: string }[]>('GET', '/networks');
  if (networks.some(({ Name }) => Name === WORKSPACE_NETWORK)) return;
  await engine.call('POST', '/networks/create', {
    Name: WORKSPACE_NETWORK,
    CheckDuplicate: true,
    Driver: 'bridge',
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    Labels: { [LABEL.managed]: 'true' },
  });
}

/**
 * Removes all containers and volumes, and waits until nothing happens on the engine any more. `keeper`: a cache and its
 * keeper stay.
 */
export async function emptyEngine(engine: RawEngine, watch: EngineWatch, { keeper = false } = {}): Promise<void> {
  const containers = await engine.call<ListedContainer[]>('GET', '/containers/json?all=1');
  await inParallel(
    containers.filter((one) => !keeper || !isKeeper(one)),
    4,
    ({ Id }) => engine.call('DELETE', `/containers/${Id}?force=1&v=1`),
  );
  const { Volumes: volumes } = await engine.call<{ readonly Volumes: readonly { readonly Name: string }[] | null }>(
    'GET',
    '/volumes',
  );
  const unwanted = (volumes ?? []).filter(({ Name }) => !keeper || cacheOfVolumeName(Name) === undefined);
  await inParallel(unwanted, 4, ({ Name }) => engine.call('DELETE', `/volumes/${Name}`));
  await watch.quiet(500);
}
