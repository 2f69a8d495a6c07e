import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { connectEngine } from '../../controller/docker/dockerode-port.js';
import { findEndpoint } from '../../controller/docker/endpoint.js';
import { dockerOf } from '../support/e2e/docker.js';
import { cleanUp, ENGINE_BEHAVIOURS, type EngineUnderTest } from '../support/engine/engine-behaviours.js';
import { TEST_IMAGE, testEngineHost } from '../support/e2e/engine.js';

/** A host port that is free at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

describe('a real engine behaves as the fake one (test/simulation runs the same table)', () => {
  let engine: EngineUnderTest;
  let close = () => {};
  beforeAll(async () => {
    const docker = connectEngine(await findEndpoint({ DOCKER_HOST: testEngineHost() }, homedir()));
    close = () => docker.close();
    const pause = async (name: string) => void (await dockerOf(testEngineHost()).pause(name));
    engine = { docker, image: TEST_IMAGE, prefix: `fidelity-${process.pid}`, hostPort: await freePort(), pause };
  });
  afterEach(() => cleanUp(engine));
  afterAll(() => close());

  it.each(ENGINE_BEHAVIOURS)('$title', async ({ run, expected }) => {
    expect(await run(engine)).toBe(expected);
  });
});
