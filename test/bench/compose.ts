import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DesiredWorkspace } from '../../controller/model/desired.js';
import { WORKSPACE_NETWORK, cacheVolumeName, containerName, dataVolumeName } from '../../controller/model/names.js';
import { containerDefinition, dataVolumeLabels } from '../../controller/plan/definition.js';
import { BENCH_IMAGE_PATH, BENCH_INSTANCE } from './specs.js';

export interface Compose {
  /** `docker compose up -d` to its end; gives its milliseconds. */
  up(): Promise<number>;
}

/** The same workspaces as a compose file: image, init, volumes, network, labels of the same size. */
export function composeFor(
  program: string,
  host: string,
  directory: string,
  desired: readonly DesiredWorkspace[],
): Compose {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'compose.yaml');
  // JSON is YAML; a '$' in a label would be taken for a variable.
  writeFileSync(file, JSON.stringify(project(desired), null, 2).replaceAll('$', '$$$$'));
  const args = ['--file', file, '--project-name', 'bench', '--progress', 'quiet', 'up', '--detach'];
  return { up: () => timed(program, args, { PATH: process.env['PATH'], HOME: directory, DOCKER_HOST: host }) };
}

function project(desired: readonly DesiredWorkspace[]): object {
  const cache = cacheVolumeName('default');
  const services = desired.map((workspace) => [workspace.name, service(workspace)] as const);
  const volumes = desired.map(
    (workspace) =>
      [
        dataVolumeName(workspace.name),
        { name: dataVolumeName(workspace.name), labels: dataVolumeLabels(workspace, BENCH_INSTANCE) },
      ] as const,
  );
  return {
    services: Object.fromEntries(services),
    volumes: { ...Object.fromEntries(volumes), [cache]: { name: cache, external: true } },
    networks: { workspaces: { name: WORKSPACE_NETWORK, external: true } },
  };
}

function service(workspace: DesiredWorkspace): object {
  const definition = containerDefinition(workspace, BENCH_INSTANCE, [], null, BENCH_IMAGE_PATH);
  return {
    image: definition.image,
    container_name: containerName(workspace.name),
    hostname: definition.hostname,
    command: definition.command,
    init: true,
    labels: definition.labels,
    environment: Object.fromEntries(
      definition.env.map(({ name, value }) => [name, typeof value === 'string' ? value : '']),
    ),
    restart: definition.restartPolicy,
    networks: ['workspaces'],
    volumes: definition.mounts.map((mount) => ({
      type: mount.type,
      source: mount.source,
      target: mount.target,
      read_only: mount.readOnly,
      ...(mount.type === 'volume' && mount.noCopy === true ? { volume: { nocopy: true } } : {}),
    })),
  };
}

function timed(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve(performance.now() - startedAt);
      reject(new Error(`docker compose ended with ${code}: ${text.trim().split('\n').at(-1)}`));
    });
  });
}
