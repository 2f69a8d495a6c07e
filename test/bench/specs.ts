import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../controller/model/clock.js';
import type { DesiredWorkspace } from '../../controller/model/desired.js';
import type * as DesiredState from '../../controller/source/desired-state.js';

export const BENCH_IMAGE = 'kalpana/test:1';
/** What the image sets. */
export const BENCH_IMAGE_PATH = '/bin';
export const BENCH_INSTANCE = 'bench';

/** Own volume, cache volume at /nix, init: what a spec gets that asks for nothing special. */
export function plainSpec(name: string): object {
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'Workspace',
    metadata: { name },
    spec: { image: BENCH_IMAGE, command: ['sleep', 'infinity'] },
  };
}

export function watchedSpec(name: string): object {
  const healthcheck = { test: ['CMD', 'true'], interval: '10s', timeout: '2s', retries: 3 };
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'Workspace',
    metadata: { name },
    spec: { image: BENCH_IMAGE, command: ['sleep', 'infinity'], healthcheck },
  };
}

/** Every field that a spec knows, for the parser. */
export function richSpec(name: string): object {
  return {
    apiVersion: 'kalpana.dev/v1',
    kind: 'Workspace',
    metadata: { name, labels: { team: 'web' }, annotations: { note: 'a workspace of the bench' } },
    spec: {
      image: BENCH_IMAGE,
      imagePullPolicy: 'IfNotPresent',
      command: ['sleep', 'infinity'],
      state: 'Running',
      cache: 'default',
      env: [
        { name: 'EDITOR', value: 'vim' },
        { name: 'PAGER', value: 'less' },
      ],
      ports: [{ name: 'editor', containerPort: 8080, hostIP: '127.0.0.1' }],
      resources: { cpus: 2, memory: '2Gi', pids: 1024, shm: '64Mi' },
      storage: { mountPath: '/workspace', reclaimPolicy: 'Retain' },
      sharedVolumes: [{ name: 'vscode-extensions', mountPath: '/root/.local/share/code-server/extensions' }],
      healthcheck: { test: ['CMD', 'true'], interval: '10s', timeout: '2s', retries: 3 },
      restartPolicy: 'unless-stopped',
    },
  };
}

export function benchNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `bench-${String(index + 1).padStart(4, '0')}`);
}

/**
 * Files that lie there for a while: a file of this very moment is read twice (its version could not be told by its
 * stamp).
 */
export function writeSpecs(
  directory: string,
  names: readonly string[],
  specOf: (name: string, index: number) => object,
): string {
  mkdirSync(directory, { recursive: true });
  const anHourAgo = new Date(Date.now() - 3_600_000);
  names.forEach((name, index) => {
    const file = join(directory, `${name}.json`);
    writeFileSync(file, `${JSON.stringify(specOf(name, index), null, 2)}\n`);
    utimesSync(file, anHourAgo, anHourAgo);
  });
  return directory;
}

/** The controller's reader as it is shipped: the schema lies beside dist/, and not beside the bench's build. */
export async function loadReader(main: string): Promise<typeof DesiredState> {
  return (await import(new URL('source/desired-state.js', pathToFileURL(main)).href)) as typeof DesiredState;
}

/** What the controller makes of the specs, so that the others are given the very same work. */
export async function readDesired(main: string, directory: string): Promise<DesiredWorkspace[]> {
  const { createDesiredState } = await loadReader(main);
  const desired = createDesiredState({
    directories: [directory],
    secretsDir: null,
    stateDir: null,
    instance: BENCH_INSTANCE,
    clock: systemClock,
  });
  const { workspaces, problems } = await desired.scan();
  if (problems.length > 0) throw new Error(`the bench's own specs are not valid: ${problems[0]!.message}`);
  return [...workspaces.values()];
}
