import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNixCacheServer, type NixCacheServer } from '../support/nix/cache-server.js';
import type { Bench } from './bench.js';
import { nowMs } from './engine-watch.js';
import { BENCH_IMAGE } from './specs.js';

/** The package of the bench's binary cache: with its closure 31 paths, 60 MB. */
export const SUITE = 'suite';

/** The bench's binary cache, served, and specs that use it. */
export interface NixSite {
  readonly server: NixCacheServer;
  /** NARs of the suite's closure, as they go over the line: the server does not compress. */
  readonly closure: { readonly paths: readonly string[]; readonly bytes: number };
  readonly cacheSpec: () => object;
  close(): Promise<void>;
}

export async function openNixSite({ engine, nix }: Bench): Promise<NixSite> {
  const server = await startNixCacheServer({ directory: nix.directory });
  const url = `http://${await bridgeGateway(engine)}:${server.port}`;
  return {
    server,
    closure: closureIn(nix.directory),
    cacheSpec: () => ({
      apiVersion: 'kalpana.dev/v1',
      kind: 'NixCache',
      metadata: { name: 'default' },
      spec: {
        nixpkgs: '/nixpkgs',
        mounts: [{ type: 'bind', source: nix.nixpkgs, target: '/nixpkgs', readOnly: true }],
        substituters: [url],
        trustedPublicKeys: [nix.publicKey],
      },
    }),
    close: () => server.close(),
  };
}

export function packagedSpec(name: string, packages: readonly string[]): object {
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'Workspace',
    metadata: { name },
    spec: { image: BENCH_IMAGE, command: ['sleep', 'infinity'], packages },
  };
}

/** Puts finished files into a watched directory, by a rename each; gives the time right before the first. */
export function putSpecs(
  directory: string,
  specs: readonly { readonly name: string; readonly spec: object }[],
): number {
  const beside = `${directory}.writing`;
  mkdirSync(beside, { recursive: true });
  for (const { name, spec } of specs) writeFileSync(join(beside, `${name}.json`), `${JSON.stringify(spec, null, 2)}\n`);
  const atMs = nowMs();
  for (const { name } of specs) renameSync(join(beside, `${name}.json`), join(directory, `${name}.json`));
  return atMs;
}

/** The binary cache holds the suite's closure and nothing else. */
function closureIn(directory: string): NixSite['closure'] {
  const infos = readdirSync(directory)
    .filter((name) => name.endsWith('.narinfo'))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
  const fieldsOf = (field: string) => infos.map((text) => new RegExp(`^${field}: (.*)$`, 'm').exec(text)?.[1] ?? '');
  return {
    paths: fieldsOf('StorePath').sort(),
    bytes: fieldsOf('FileSize').reduce((sum, size) => sum + Number(size), 0),
  };
}

/**
 * The engine's own end of its default bridge; a fresh 20.10 does not tell it, then it is the subnet's first address.
 */
async function bridgeGateway(engine: Bench['engine']): Promise<string> {
  const { IPAM: ipam } = await engine.call<{ IPAM: { Config: readonly { Gateway?: string; Subnet?: string }[] } }>(
    'GET',
    '/networks/bridge',
  );
  const { Gateway: gateway, Subnet: subnet } = ipam.Config[0] ?? {};
  const address = gateway || subnet?.replace(/\.0\/\d+$/, '.1');
  if (!address) throw new Error('the engine has no default bridge: nothing serves its keeper');
  return address;
}
