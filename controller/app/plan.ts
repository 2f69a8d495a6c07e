import { join } from 'node:path';
import { createImageRecord } from '../state/cache-records.js';
import { classifyCall } from '../apply/failures.js';
import { createStateFile } from '../state/state-file.js';
import type { PlanCommandOptions, PlanOptions } from '../cli/actions.js';
import { EXIT } from '../cli/exit-codes.js';
import { compare } from './compare.js';
import { connectEngine } from '../docker/dockerode-port.js';
import type { DockerPort } from '../docker/port.js';
import { EngineError } from '../docker/port.js';
import { findEndpoint } from '../docker/endpoint.js';
import { decideRemovals } from '../reconcile/removals.js';
import { createState, planFor, type ControllerState } from '../reconcile/state.js';
import { delay, systemClock } from '../model/clock.js';
import { explain, type Failure } from '../model/reasons.js';
import { createCaches, type Caches } from '../nix/caches.js';
import { createEngineView, type EngineView } from '../observe/engine-view.js';
import { withGitSources } from './git-sources.js';
import { renderOperation } from '../plan/render.js';
import { planShared } from '../plan/shared.js';
import type { Operation, Plan } from '../plan/types.js';
import type { Surroundings } from './surroundings.js';
import type { GitSource } from '../source/git/git-source.js';
import { createDesiredState } from '../source/desired-state.js';
import { formatProblem } from '../source/parse/problem.js';

interface PlannedWorkspace {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** Why the plan is empty although something is wrong, or null when nothing is wrong. */
  readonly blocked: string | null;
}

/** Time between the two scans that a removal requires. */
const REMOVAL_RESCAN_MS = 600;

/**
 * Prints what `run` would do now, and returns the exit code. It reads the sources and the engine and changes neither.
 */
export async function plan(options: PlanCommandOptions, around: Surroundings): Promise<number> {
  if (options.against !== null) return compare(options, around);
  const endpoint = await findEndpoint(around.env, around.home);
  const docker = connectEngine(endpoint, {});
  try {
    return await withGitSources(options, around, (git) => planOn(docker, options, git, around));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    around.io.err(`error: ${explain(classifyCall(error))}\n`);
    return EXIT.failed;
  } finally {
    docker.close();
  }
}

async function planOn(
  docker: DockerPort,
  options: PlanOptions,
  git: readonly GitSource[],
  { io, signal }: Surroundings,
): Promise<number> {
  const sources = createDesiredState({
    directories: options.specs,
    git,
    secretsDir: options.secretsDir,
    ageIdentityFile: options.ageIdentityFile,
    stateDir: options.stateDir,
    instance: options.instance,
    clock: systemClock,
    readOnly: true,
  });
  const view = createEngineView(docker);
  const caches = foreseenCaches(docker, view, options, signal);
  const state = createState(caches);
  state.desired = await sources.scan(signal);
  await view.relist(true, { signal });
  const ledger = { approved: new Set<string>(), orphanSince: new Map<string, number>() };
  const decide = () =>
    decideRemovals(state, view, ledger, {
      instance: options.instance,
      allowPrune: options.allowPrune,
      now: systemClock.now(),
    });
  decide();
  if (mayRemove(state, view)) {
    await delay(systemClock, REMOVAL_RESCAN_MS, signal);
    state.desired = await sources.scan(signal);
    decide();
  }
  await inspectImages(docker, state, signal);
  const keepers = await planKeepers(caches, state, signal);
  const shared = planShared({
    workspaces: state.desired.workspaces.values(),
    caches: state.desired.caches,
    volumes: view.volumes,
    networks: view.networks,
  });
  noteAsMade(view, shared.operations);
  // Both plans may contain the same operation, such as creating the volume of a cache; it is listed once.
  const made = new Set(shared.operations.map(renderOperation));
  const common = [
    ...shared.operations,
    ...keepers.operations.filter((operation) => !made.has(renderOperation(operation))),
  ];
  const planned = planAll(state, view, options.instance);
  const problems = state.desired.problems.map(formatProblem);
  const failures = [...shared.failures, ...keepers.failures].map(explain);
  if (options.output === 'json')
    io.out(`${JSON.stringify(asJson(common, planned, state, problems, failures), null, 2)}\n`);
  else io.out(asText(common, planned, state));
  for (const line of [...problems, ...failures]) io.err(`${line}\n`);
  if (problems.length + failures.length > 0 || planned.some((one) => one.blocked !== null)) return EXIT.failed;
  return common.length > 0 || planned.some((one) => one.operations.length > 0) || state.held.size > 0
    ? EXIT.changes
    : EXIT.ok;
}

/** Caches for planning only: they read the engine and change nothing, and they plan as if their keepers were up. */
function foreseenCaches(
  docker: DockerPort,
  view: EngineView,
  { instance, stateDir }: PlanOptions,
  signal: AbortSignal,
): Caches {
  const quiet = () => undefined;
  const { load } = createImageRecord(createStateFile(join(stateDir, 'images.json'), quiet));
  return createCaches({
    docker,
    clock: systemClock,
    random: Math.random,
    instance,
    view,
    calls: { signal },
    execute: () => Promise.resolve({ failure: null }),
    imageRecord: { load, save: quiet },
    totalsRecord: () => ({ load: () => null, save: quiet }),
    gcRecord: () => ({ load: () => null, save: quiet }),
    verifyRecord: () => ({ load: () => null, save: quiet }),
    emit: quiet,
    isForesight: true,
    isOnce: true,
  });
}

async function planKeepers(
  caches: Caches,
  state: ControllerState,
  signal: AbortSignal,
): Promise<{ operations: Operation[]; failures: Failure[] }> {
  caches.update(state.desired);
  const operations: Operation[] = [];
  const failures: Failure[] = [];
  for (const name of caches.names()) {
    const plan = await caches.foresee(name, { signal });
    operations.push(...plan.operations);
    if (plan.failure !== null) failures.push(plan.failure);
  }
  return { operations, failures };
}

/** Whether a second scan may lead to a removal. One scan is no proof that a spec is gone. */
function mayRemove(state: ControllerState, view: EngineView): boolean {
  return state.desired.complete && view.workspaceNames().length > 0;
}

async function inspectImages(docker: DockerPort, state: ControllerState, signal: AbortSignal): Promise<void> {
  const references = new Set([...state.desired.workspaces.values()].map((workspace) => workspace.creation.image));
  for (const reference of references) {
    const image = await docker.inspectImage(reference, { signal });
    if (image === null) state.absentImages.add(reference);
    else state.images.set(reference, image);
  }
}

/**
 * Records the shared objects in the view as if they were made, because the controller makes them before it reconciles
 * workspaces.
 */
function noteAsMade(view: EngineView, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.type === 'create-volume')
      view.noteVolume(operation.volume, { name: operation.volume, driver: 'local', labels: operation.labels });
    if (operation.type === 'create-network')
      view.noteNetwork({ id: '', name: operation.network, labels: operation.labels });
  }
}

function planAll(state: ControllerState, view: EngineView, instance: string): PlannedWorkspace[] {
  const names = [...new Set([...state.desired.workspaces.keys(), ...state.removals.keys()])].sort();
  return names.flatMap((name) => {
    const result = planFor(name, state, view, instance, systemClock.now());
    if (result === null) return [];
    if (result.ports.length > 0) state.reserved.set(name, result.ports);
    return [{ name, operations: result.operations, blocked: blockedBy(result) }];
  });
}

function blockedBy({ operations, verdict }: Plan): string | null {
  return operations.length === 0 && verdict.kind === 'failing' ? explain(verdict.failure) : null;
}

function asText(shared: readonly Operation[], planned: readonly PlannedWorkspace[], state: ControllerState): string {
  const lines: string[] = shared.map((operation) => `shared: ${renderOperation(operation)}`);
  for (const { name, operations, blocked } of planned) {
    lines.push(...operations.map((operation) => `${name}: ${renderOperation(operation)}`));
    if (blocked !== null) lines.push(`${name}: blocked  # ${blocked}`);
  }
  for (const name of [...state.held].sort())
    lines.push(`${name}: remove, held  # too many removals at once; confirm with --allow-prune or kalpana approve`);
  return lines.length === 0 ? 'Nothing to do.\n' : lines.map((line) => `${line}\n`).join('');
}

function asJson(
  shared: readonly Operation[],
  planned: readonly PlannedWorkspace[],
  state: ControllerState,
  problems: readonly string[],
  failures: readonly string[],
) {
  const rows = (operations: readonly Operation[]) =>
    operations.map((operation) => ({ type: operation.type, cause: operation.cause, text: renderOperation(operation) }));
  return {
    shared: rows(shared),
    workspaces: planned.map(({ name, operations, blocked }) => ({ name, operations: rows(operations), blocked })),
    held: [...state.held].sort(),
    problems: [...problems, ...failures],
  };
}
