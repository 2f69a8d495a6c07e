import { createBody } from '../../controller/docker/container-body.js';
import type { DesiredWorkspace } from '../../controller/model/desired.js';
import { VOLUME_TYPE, cacheVolumeName, containerName, dataVolumeName } from '../../controller/model/names.js';
import { containerDefinition, dataVolumeLabels, sharedVolumeLabels } from '../../controller/plan/definition.js';
import { inParallel } from './parallel.js';
import type { RawEngine } from './raw-engine.js';
import { BENCH_INSTANCE } from './specs.js';

export const FLOOR_CONCURRENCIES = [4, 8, 16];

/** The bodies of all calls, made beforehand: nothing but calls is measured. */
export interface RawWorkspace {
  readonly container: string;
  readonly volumeBody: object;
  readonly containerBody: object;
}

export function rawWorkspaces(desired: readonly DesiredWorkspace[]): RawWorkspace[] {
  return desired.map((workspace) => ({
    container: containerName(workspace.name),
    volumeBody: { Name: dataVolumeName(workspace.name), Labels: dataVolumeLabels(workspace, BENCH_INSTANCE) },
    containerBody: createBody(containerDefinition(workspace, BENCH_INSTANCE, [], null)),
  }));
}

/** The least that makes the same workspaces: the cache volume, then three calls for each, so many at once. */
export async function runFloor(engine: RawEngine, workspaces: readonly RawWorkspace[], concurrency: number): Promise<void> {
  await engine.call('POST', '/volumes/create', { Name: cacheVolumeName('default'), Labels: sharedVolumeLabels(VOLUME_TYPE.cache) });
  await inParallel(workspaces, concurrency, async ({ container, volumeBody, containerBody }) => {
    await engine.call('POST', '/volumes/create', volumeBody);
    await engine.call('POST', `/containers/create?name=${container}`, containerBody);
    await engine.call('POST', `/containers/${container}/start`);
  });
}
