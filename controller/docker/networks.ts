import { alreadySo } from './already-so.js';
import { pathOf, type EngineClient } from './client.js';
import type { DockerPort } from './port.js';
import { asArray, asName, asObject, asTextMap } from './shapes.js';

const READ_MS = 30_000;
const WRITE_MS = 60_000;

export function networkVerbs(engine: EngineClient): Pick<DockerPort, 'listNetworks' | 'createNetwork' | 'connectNetwork' | 'disconnectNetwork'> {
  return {
    listNetworks: (options) =>
      engine.json({ verb: 'listNetworks', method: 'GET', path: '/networks', deadlineMs: READ_MS, options }, (answer) =>
        asArray(answer, 'the list of networks').map((value) => {
          const network = asObject(value, 'a network');
          return { id: asName(network['Id'], "a network's Id"), name: asName(network['Name'], "a network's Name"), labels: asTextMap(network['Labels'], 'Labels') };
        }),
      ),

    createNetwork(name, labels, options) {
      const body = {
        Name: name,
        // Engines before 25 make a second network of the same name without it.
        CheckDuplicate: true,
        Driver: 'bridge',
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
        Labels: labels,
      };
      return engine.effect({ verb: 'createNetwork', method: 'POST', path: '/networks/create', body, deadlineMs: WRITE_MS, options });
    },

    connectNetwork: (network, container, options) =>
      alreadySo(
        engine.effect({ verb: 'connectNetwork', method: 'POST', path: pathOf('networks', network, 'connect'), body: { Container: container }, deadlineMs: WRITE_MS, options }),
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
