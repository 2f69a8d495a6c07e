import { workspaceOfVolumeName } from '../model/names.js';
import { whyUnavailable } from './cache-availability.js';
import type { CacheContext } from './cache-context.js';
import { reportCache } from './cache-report.js';
import { createCollector, type Collector } from './gc/collector.js';
import { gcWorkspaces } from './gc-workspaces.js';
import { createVerifier, type Verifier } from './verify/verifier.js';

/** The parts of a cache that its runs work with. The whole context is asked for only once a run may begin. */
type Parts = Pick<CacheContext, 'name' | 'specs' | 'keeper' | 'environments' | 'imports' | 'measure' | 'shared'>;

/** Creates the collector of a cache. */
export function cacheCollector(parts: Parts, context: () => CacheContext): Collector {
  const { specs, keeper, environments, imports, measure, shared } = parts;
  const { view } = shared;
  return createCollector({
    ...commonOf(parts, context),
    instance: shared.instance,
    record: shared.gcRecord(parts.name),
    workspaces: () => gcWorkspaces(parts),
    wantedProfiles: specs.profiles,
    isComplete: () => shared.snapshot()?.complete === true,
    environments,
    imports,
    onBegin: () => context().verifier.giveWay(),
    listUsers: keeper.listUsers,
    dataVolumes: () => [...view.volumes.keys()].flatMap((volume) => workspaceOfVolumeName(volume) ?? []),
    containers: () => view.containers.values(),
    measure: measure.take,
    size: measure.size,
  });
}

/** Creates the verifier of a cache. */
export function cacheVerifier(parts: Parts, context: () => CacheContext): Verifier {
  return createVerifier({
    ...commonOf(parts, context),
    record: parts.shared.verifyRecord(parts.name),
    isCollecting: () => context().collector.isUnderWay(),
  });
}

function commonOf({ name, specs, keeper, shared }: Parts, context: () => CacheContext) {
  const { docker, clock, calls, isForesight, isOnce, emit } = shared;
  return {
    cache: name,
    docker,
    clock,
    calls,
    isScheduled: !isForesight && !isOnce,
    desired: specs.desired,
    keeperId: () => keeper.commands()?.keeperId ?? null,
    unavailable: () => whyUnavailable(context()),
    emit,
    onChange: () => reportCache(context()),
  };
}
