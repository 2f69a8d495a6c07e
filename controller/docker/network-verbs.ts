import { alreadySo } from './already-so.js';
import { pathOf, type EngineClient } from './engine-client.js';
import { EngineError, type DockerPort } from './port.js';
import { asArray, asName, asObject, asTextMap } from './shapes.js';

const READ_MS = 30_000;
const WRITE_MS = 60_000;

/** The verbs of the port for networks. */
export function networkVerbs(
  engine: EngineClient,
): Pick<DockerPort, 'listNetworks' | 'createNetwork' | 'connectNetwork' | 'disconnectNetwork'> {
  return {
    listNetworks: (options) =>
      engine.json({ verb: 'listNetworks', method: 'GET', path: '/networks', deadlineMs: READ_MS, options }, (answer) =>
        asArray(answer, 'the list of networks').map((value) => {
          const network = asObject(value, 'a network');
          return {
            id: asName(network['Id'], "a network's Id"),
            name: asName(network['Name'], "a network's Name"),
            labels: asTextMap(network['Labels'], 'Labels'),
          };
        }),
      ),

    async createNetwork(name, labels, options) {
      const body = {
        Name: name,
        // Without this, engines before 25 create a second network with the same name.
        CheckDuplicate: true,
        Driver: 'bridge',
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
        Labels: labels,
      };
      const call = { verb: 'createNetwork', deadlineMs: WRITE_MS, options };
      const id = await existingIsNull(
        engine.json({ ...call, method: 'POST', path: '/networks/create', body }, (answer) =>
          asName(asObject(answer, 'it')['Id'], "the new network's Id"),
        ),
      );
      if (id === null) return;
      const twins = await engine.json(
        { ...call, method: 'GET', path: '/networks', query: { filters: JSON.stringify({ name: [name] }) } },
        (answer) => twinsOf(name, answer),
      );
      // Two controllers at once both pass that check (20.10.24), and no container starts with a name that two networks
      // have. The newer network is removed, because the controller that lists later sees both.
      if (twins[0] !== undefined && twins[0].id !== id)
        await engine.effect({ ...call, method: 'DELETE', path: pathOf('networks', id) });
    },

    connectNetwork: (network, container, options) =>
      alreadySo(
        engine.effect({
          verb: 'connectNetwork',
          method: 'POST',
          path: pathOf('networks', network, 'connect'),
          body: { Container: container },
          deadlineMs: WRITE_MS,
          options,
        }),
        /already exists in network/,
      ),

    disconnectNetwork: (network, container, options) =>
      alreadySo(
        engine.effect({
          verb: 'disconnectNetwork',
          method: 'POST',
          path: pathOf('networks', network, 'disconnect'),
          body: { Container: container, Force: true },
          deadlineMs: WRITE_MS,
          options,
        }),
        /is not connected to/,
      ),
  };
}

/** Returns null when an object of this name exists already, e.g. because another cache has just made it. */
async function existingIsNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'conflict' && /already exists/.test(error.message)) return null;
    throw error;
  }
}

/** The networks with exactly this name, the oldest first. The engine's filter also matches parts of names. */
function twinsOf(name: string, answer: unknown): { readonly id: string; readonly created: string }[] {
  return asArray(answer, 'the list of networks')
    .map((value) => asObject(value, 'a network'))
    .filter((network) => network['Name'] === name)
    .map((network) => ({
      id: asName(network['Id'], "a network's Id"),
      created: comparable(String(network['Created'] ?? '')),
    }))
    .sort((a, b) => compare(a.created, b.created) || compare(a.id, b.id));
}

/** Makes a time comparable as text; the engine removes trailing zeros of a fraction of a second. */
function comparable(time: string): string {
  return time.replace(/\.(\d+)/, (_, fraction: string) => `.${fraction.padEnd(9, '0')}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
