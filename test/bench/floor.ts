import { createBody } from '../../controller/docker/container-body.js';
import type { DesiredWorkspace } from '../../controller/model/desired.js';
import { VOLUME_TYPE, cacheVolumeName, containerName, dataVolumeName } from '../../controller/model/names.js';
import { containerDefinition, dataVolumeLabels } from '../../controller/plan/definition.js';
import { sharedVolumeLabels } from '../../controller/model/shared-volume.js';
import { inParallel } from './parallel.js';
import type { RawEngine } from './raw-engine.js';
import { BENCH_IMAGE_PATH, BENCH_INSTANCE } from './specs.js';

export const FLOOR_CONCURRENCIES = [4, 8, 16];

/** The bodies of all calls, made beforehand: nothing but calls is measured. */
export interface RawWorkspace {
  readonly container: string;
  readonly volume: string;
  readonly volumeBody: object;
  readonly containerBody: object;
}

/** Under another instance's name a running controller lets them be. */
export function rawWorkspaces(desired: readonly DesiredWorkspace[], instance = BENCH_INSTANCE): RawWorkspace[] {
  return desired.map((workspace) => ({
    container: containerName(workspace.name),
    volume: dataVolumeName(workspace.name),
    volumeBody: { Name: dataVolumeName(workspace.name), Labels: dataVolumeLabels(workspace, instance) },
    containerBody: createBody(containerDefinition(workspace, instance, [], null, BENCH_IMAGE_PATH)),
  }));
}

/** The least that makes the same workspaces: the cache volume, then three calls for each, so many at once. */
export async function runFloor(
  engine: RawEngine,
  workspaces: readonly RawWorkspace[],
  concurrency: number,
): Promise<void> {
  await engine.call('POST', '/volumes/create', {
    Name: cacheVolumeName('default'),
    Labels: sharedVolumeLabels(VOLUME_TYPE.cache),
  });
  await inParallel(workspaces, concurrency, (workspace) => makeRaw(engine, workspace));
}

export async function makeRaw(
  engine: RawEngine,
  { container, volumeBody, containerBody }: RawWorkspace,
): Promise<void> {
  await engine.call('POST', '/volumes/create', volumeBody);
  await engine.call('POST', `/containers/create?name=${container}`, containerBody);
  await engine.call('POST', `/containers/${container}/start`);
}
