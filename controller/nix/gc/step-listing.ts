import type { CallOptions } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { until } from './gate.js';
import { ownerOf } from './owners.js';
import type { GcRunState } from './run-state.js';
import { refuseBesideOthers } from './scanner.js';

const RESTORE_MS = 120_000;

/**
 * Lists the roots in the store, and every container that mounts it; what the store has lost is known as lost from now
 * on.
 */
export async function listing(run: GcRunState, calls: CallOptions): Promise<void> {
  const { docker, cache, instance, commands, environments, listUsers } = run.deps;
  await refuseBesideOthers(docker, cache, instance, calls);
  // Before the inventory: a profile that is linked meanwhile is not missing.
  const were = environments.profileNames();
  const [inventory, users] = await Promise.all([commands.inventory(calls), listUsers(calls)]);
  run.inventory = inventory;
  run.users = users;
  const dangling = inventory.generations.filter(
    ({ profile, number, path }) => inventory.profiles.get(profile) === number && inventory.invalid.has(path),
  );
  environments.dropProfiles([
    ...were.filter((name) => !inventory.profiles.has(name)),
    ...dangling.map(({ profile }) => profile),
  ]);
  environments.forget(inventory.invalid);
}

/**
 * Brings missing packages of workspaces back, or throws a `FailureError`. Only for workspaces that have a container:
 * what has never started needs nothing kept.
 */
export async function restoring(run: GcRunState, calls: CallOptions): Promise<void> {
  const { cache, commands, environments, workspaces } = run.deps;
  const owners = new Set(run.users.map(ownerOf));
  const missing = () =>
    workspaces().filter(
      ({ name, hasPackages }) => hasPackages && owners.has(name) && environments.known(name) === null,
    );
  if (missing().length === 0) return;
  for (const { realise } of missing()) realise();
  await until(run, () => missing().length === 0 || !environments.isFlying(), RESTORE_MS, calls);
  const [first] = missing();
  if (first !== undefined)
    throw new FailureError({
      reason: 'EnvironmentMissing',
      message: `the packages of the workspace ${first.name} are not in the cache ${cache}, and cannot be realised`,
    });
  run.inventory = await commands.inventory(calls);
}
