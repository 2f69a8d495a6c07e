import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { call } from '../../../deploy/setup/engine-api.mjs';
import { ensureNixFixture, type NixFixture } from '../../../deploy/setup/nix-fixture.mjs';
import { startNixCacheServer, type NixCacheServer } from './cache-server.js';
import { testPackages, type PackageSet } from './packages.js';

/** A binary cache of the test packages, reachable from the containers of the test engine. */
export interface TestNixCache extends NixCacheServer {
  /** For `substituters`: `http://<gateway of the engine's bridge>:<port>`. */
  readonly url: string;
  /** For `trusted-public-keys`. */
  readonly publicKey: string;
  readonly fixture: NixFixture;
  /** The path of a request for an attribute's narinfo. */
  narinfo(attribute: string): string;
  /** The path of a request for an attribute's NAR. */
  nar(attribute: string): string;
}

export interface TestNixCacheOptions {
  readonly packages?: PackageSet;
  readonly priority?: number;
}

const open = new Set<NixCacheServer>();
afterAll(async () => {
  await Promise.all([...open].map((server) => server.close()));
});

/**
 * Starts one for `host`, the run's test engine: this process is in its network. A scratch engine has another; mount
 * `fixture.cache` there and use it as `file://…`. Closed after the file's last test in any case.
 */
export async function serveNixCache(
  host: string,
  { packages = testPackages, ...options }: TestNixCacheOptions = {},
): Promise<TestNixCache> {
  const fixture = await ensureNixFixture(host, packages);
  const gateway = await bridgeGateway(host);
  const server = await startNixCacheServer({ directory: fixture.cache, ...options });
  open.add(server);
  const narinfo = (attribute: string): string => `/${storeHash(fixture, attribute)}.narinfo`;
  return {
    ...server,
    url: `http://${gateway}:${server.port}`,
    publicKey: fixture.publicKey,
    fixture,
    narinfo,
    nar(attribute) {
      const url = /^URL: (\S+)$/m.exec(readFileSync(join(fixture.cache, narinfo(attribute)), 'utf8'))?.[1];
      return `/${url ?? ''}`;
    },
  };
}

function storeHash({ paths }: NixFixture, attribute: string): string {
  const path = paths[attribute];
  if (path === undefined) throw new Error(`the fixture has no package ${attribute}`);
  return path.slice('/nix/store/'.length).replace(/-.*/, '');
}

/**
 * The engine's own end of its default bridge; containers of its other networks reach it as well. A fresh engine (20.10)
 * does not tell it before a restart: then it is the subnet's first address.
 */
async function bridgeGateway(host: string): Promise<string> {
  const bridge = (await call(host, 'GET', '/networks/bridge')) as {
    IPAM: { Config: readonly { Gateway?: string; Subnet?: string }[] };
  };
  const { Gateway: gateway, Subnet: subnet } = bridge.IPAM.Config[0] ?? {};
  const first = subnet?.replace(/\.0\/\d+$/, '.1');
  if (!gateway && !first) throw new Error(`the bridge of ${host} has no address`);
  return gateway || (first ?? '');
}
