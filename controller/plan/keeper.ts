import type { ContainerDefinition, ObservedContainer, ObservedVolume } from '../model/engine-objects.js';
import { CONTAINER_TYPE, LABEL, VOLUME_TYPE, cacheVolumeName, keeperName, nextKeeperName } from '../model/names.js';
import type { Failure } from '../model/reasons.js';
import { isOnBareStore, isSharedVolumeOurs, sharedVolumeLabels } from '../model/shared-volume.js';
import type { ContainerTarget, Operation } from './types.js';
import { seedFirst, type SeedInput } from './keeper-seed.js';

export interface KeeperInput {
  readonly cache: string;
  readonly instance: string;
  /** Null: neither a spec nor a workspace names the cache. */
  readonly wanted: {
    readonly definition: ContainerDefinition;
    readonly hash: string;
    readonly isImplicit: boolean;
  } | null;
  readonly main: ObservedContainer | null;
  readonly next: ObservedContainer | null;
  readonly volume: ObservedVolume | undefined;
  /** Other containers in any state that mount the volume. */
  readonly users: readonly ObservedContainer[];
  /** A create has found it absent. */
  readonly imageAbsent: boolean;
  /** The next keeper with this hash did not come up: the old one serves on. */
  readonly failed: { readonly hash: string; readonly failure: Failure } | null;
  /** The next keeper has answered. */
  readonly nextProven: boolean;
  /** How long a keeper that ended is left alone, in ms. */
  readonly restartInMs: number;
  /** Null: the keeper's image has its programs outside /nix. */
  readonly seed: SeedInput | null;
}

export interface KeeperPlan {
  readonly operations: readonly Operation[];
  /** Why the keeper is not as it should be, or not usable. */
  readonly failure: Failure | null;
  /** The keeper that may be asked now. */
  readonly usable: ObservedContainer | null;
  /** A next keeper that runs and has to answer before it takes over. */
  readonly toProve: ObservedContainer | null;
  /** To remember: this configuration does not come up. */
  readonly giveUp: KeeperInput['failed'];
  readonly recheckMs: number | null;
}

const GRACE_SECONDS = 10;
const SETTLE_MS = 1_000;

/**
 * What to do about a cache's keeper. Pure. Two keepers never run at once on one volume (F18): a changed one is made
 * beside the old one, which is stopped before the new one starts and comes back when that does not answer.
 */
export function planKeeper(input: KeeperInput): KeeperPlan {
  return seedFirst(input, planStarts(input));
}

function planStarts(input: KeeperInput): KeeperPlan {
  const { main, next, wanted } = input;
  const foreign = [main, next].find((container) => container !== null && !isKeeper(container));
  if (foreign)
    return failing({
      reason: 'KeeperConflict',
      message: `a container named ${foreign.name} exists and is no keeper of ours`,
    });
  if (wanted === null) return unwanted(input);
  if (input.volume !== undefined && !isSharedVolumeOurs(input.volume, VOLUME_TYPE.cache)) {
    return failing({
      reason: 'VolumeConflict',
      message: `the volume ${input.volume.name} exists and is not a volume of type ${VOLUME_TYPE.cache} (${LABEL.type}) of ours`,
    });
  }
  const old = input.users
    .filter(isOnBareStore)
    .map(({ name }) => name)
    .sort();
  if (old.length > 0 && main?.state !== 'running') {
    return {
      ...failing({
        reason: 'CacheMigrating',
        message: `the volume ${cacheVolumeName(input.cache)} holds the bare store of the replaced system, which still serves ${old.join(', ')}`,
      }),
      operations: [...stop(main, 'the replaced system uses the volume')],
    };
  }
  const volume: Operation[] =
    input.volume !== undefined
      ? []
      : [
          {
            type: 'create-volume',
            volume: cacheVolumeName(input.cache),
            labels: sharedVolumeLabels(VOLUME_TYPE.cache),
            cause: 'the volume does not exist',
            drift: 'volume',
          },
        ];
  if (main === null && next !== null)
    return act([
      {
        type: 'rename-container',
        container: target(next),
        to: keeperName(input.cache),
        cause: 'finish the replacement of the keeper',
      },
    ]);
  if (main === null) return act([...volume, ...made(input, keeperName(input.cache), 'the cache has no keeper')]);
  if (main.state === 'removing') return { ...act([]), recheckMs: SETTLE_MS };
  if (main.labels[LABEL.specHash] === wanted.hash) return keep(input, main);
  return change(input, main);
}

/** It is what the spec asks for: keep it up. */
function keep(input: KeeperInput, main: ObservedContainer): KeeperPlan {
  if (input.next !== null) return act([remove(input.next, 'the keeper is as wanted already')]);
  switch (main.state) {
    case 'running':
      return { ...act([]), usable: main };
    case 'paused':
      return act([
        { type: 'unpause-container', container: target(main), cause: 'the keeper is paused', drift: 'state' },
      ]);
    case 'dead':
      return act([remove(main, 'the keeper is dead'), ...made(input, keeperName(input.cache), 'the keeper was dead')]);
    case 'restarting':
      // It may need its store again, which only a seed can bring.
      if (input.seed !== null) return act(stop(main, 'the keeper ends again and again'));
      return {
        ...failing({ reason: 'KeeperNotReady', message: `the keeper ${main.name} ends again and again` }),
        recheckMs: SETTLE_MS * 5,
      };
    case 'created':
    case 'exited':
    case 'removing':
      break;
  }
  if (input.restartInMs > 0)
    return {
      ...failing({ reason: 'KeeperNotReady', message: `the keeper ${main.name} ends soon after its start` }),
      recheckMs: input.restartInMs,
    };
  return act([
    { type: 'start-container', container: target(main), cause: `keeper: ${main.state} -> running`, drift: 'state' },
  ]);
}

function change(input: KeeperInput, main: ObservedContainer): KeeperPlan {
  const { wanted, next, failed, cache } = input;
  const owner = main.labels[LABEL.cacheOwner];
  const isOthers = owner !== undefined && owner !== input.instance;
  if (wanted === null) return act([]);
  if (isOthers) {
    // The defaults of one instance do not fight the file of another.
    const kept = keep(input, main);
    if (wanted.isImplicit) return kept;
    return {
      ...kept,
      failure: {
        reason: 'KeeperConflict',
        message: `the keeper ${main.name} was made from the NixCache of the controller instance "${owner}"`,
      },
    };
  }
  if (failed?.hash === wanted.hash) {
    if (next !== null)
      return act([
        remove(next, `roll back: ${failed.failure.message}`),
        ...(main.state === 'running' ? [] : [restart(main)]),
      ]);
    return { ...keep(input, main), failure: failed.failure };
  }
  const cause = 'the configuration or the image of the keeper changed';
  if (main.state !== 'running' && next === null)
    return act([remove(main, cause), ...made(input, keeperName(cache), cause)]);
  if (next === null)
    return act([
      ...pulled(input),
      create(input, nextKeeperName(cache), cause),
      ...stop(main, cause),
      startNamed(nextKeeperName(cache), cause),
    ]);
  if (next.labels[LABEL.specHash] !== wanted.hash || next.state === 'dead')
    return act([remove(next, 'the next keeper is outdated'), ...(main.state === 'running' ? [] : [restart(main)])]);
  if (next.state === 'created')
    return act([...stop(main, cause), { type: 'start-container', container: target(next), first: true, cause }]);
  if (next.state !== 'running') {
    const failure: Failure = {
      reason: 'KeeperNotReady',
      message: `the changed keeper of the cache ${cache} does not come up`,
    };
    return { ...act([]), failure, giveUp: { hash: wanted.hash, failure }, recheckMs: 0 };
  }
  if (!input.nextProven) return { ...act(stop(main, cause)), toProve: next, recheckMs: SETTLE_MS };
  return act([
    remove(main, cause),
    {
      type: 'rename-container',
      container: target(next),
      to: keeperName(cache),
      cause: 'finish the replacement of the keeper',
    },
  ]);
}

/** Only a keeper of our own file, and only when nothing mounts its volume any more. The volume stays: it is never removed here. */
function unwanted({ main, next, instance, users }: KeeperInput): KeeperPlan {
  const isOurs = main?.labels[LABEL.cacheOwner] === instance;
  if (!isOurs || users.length > 0) return { ...act([]), usable: main?.state === 'running' ? main : null };
  return act(
    [main, next].flatMap((container) =>
      container === null ? [] : [remove(container, 'no spec and no workspace names the cache')],
    ),
  );
}

function isKeeper({ labels }: ObservedContainer): boolean {
  return labels[LABEL.managed] === 'true' && labels[LABEL.type] === CONTAINER_TYPE.keeper;
}

function made(input: KeeperInput, name: string, cause: string): Operation[] {
  return [...pulled(input), create(input, name, cause), startNamed(name, cause)];
}

function pulled({ wanted, imageAbsent }: KeeperInput): Operation[] {
  if (wanted === null || !imageAbsent) return [];
  const { image } = wanted.definition;
  return [{ type: 'pull-image', image, cause: `the image ${image} is not on the engine` }];
}

function create({ wanted }: KeeperInput, container: string, cause: string): Operation {
  return { type: 'create-container', container, definition: wanted!.definition, cause };
}

function startNamed(name: string, cause: string): Operation {
  return { type: 'start-container', container: { name, id: null }, first: true, cause };
}

function restart(main: ObservedContainer): Operation {
  return { type: 'start-container', container: target(main), cause: 'the old keeper serves on' };
}

function stop(container: ObservedContainer | null, cause: string): Operation[] {
  if (container === null || !['running', 'paused', 'restarting'].includes(container.state)) return [];
  const unpause: Operation[] =
    container.state === 'paused' ? [{ type: 'unpause-container', container: target(container), cause }] : [];
  return [...unpause, { type: 'stop-container', container: target(container), graceSeconds: GRACE_SECONDS, cause }];
}

function remove(container: ObservedContainer, cause: string): Operation {
  return { type: 'remove-container', container: target(container), force: true, cause };
}

function target({ name, id }: ObservedContainer): ContainerTarget {
  return { name, id };
}

function act(operations: readonly Operation[]): KeeperPlan {
  return { operations, failure: null, usable: null, toProve: null, giveUp: null, recheckMs: null };
}

function failing(failure: Failure): KeeperPlan {
  return { ...act([]), failure };
}
