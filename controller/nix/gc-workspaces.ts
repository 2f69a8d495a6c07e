import type { CacheContext } from './cache-context.js';
import type { GcWorkspace } from './gc/run-state.js';

/** The facts about the cache's workspaces that a collection needs. */
export function gcWorkspaces({
  specs,
  environments,
  shared,
}: Pick<CacheContext, 'specs' | 'environments'> & {
  readonly shared: Pick<CacheContext['shared'], 'snapshot'>;
}): readonly GcWorkspace[] {
  const desired = specs.desired();
  if (desired === null) return [];
  return specs.workspaces().flatMap((name) => {
    const workspace = shared.snapshot()?.workspaces.get(name);
    if (workspace === undefined) return [];
    const { packages, creation } = workspace;
    return {
      name,
      hasPackages: packages.length > 0,
      storageMountPath: creation.storageMountPath,
      realise: () => environments.request(name, desired.config.nixpkgs, packages),
    };
  });
}
