import type { SpecSources } from '../../../controller/reconcile/interfaces.js';
import type { DesiredCache, DesiredSnapshot, DesiredWorkspace } from '../../../controller/model/desired.js';
import type { Workspace, WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { resolveWorkspace, type ResolvedSecrets } from '../../../controller/source/resolve/resolve-workspace.js';

const NO_SECRETS: ResolvedSecrets = { digests: new Map(), secrets: new Map(), isReadable: true };

/** A workspace as its spec file would come out of the sources, with every default filled in. */
export function desiredWorkspace(name: string, spec: WorkspaceSpec, secrets = NO_SECRETS): DesiredWorkspace {
  const location = { source: 'sim', file: `${name}.json`, line: 1, column: 1 };
  const workspace: Workspace = { apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec };
  return resolveWorkspace(
    {
      kind: 'Workspace',
      key: name,
      name,
      workspace,
      location,
      nameLocation: location,
      secretLocations: new Map(),
      sealed: new Map(),
    },
    secrets,
    null,
  );
}

/** Spec files in memory. They outlive a controller, and so do their last good versions. */
export interface SimSpecs {
  set(name: string, spec: WorkspaceSpec): void;
  remove(name: string): void;
  get(name: string): DesiredWorkspace | undefined;
  readonly names: () => string[];
  /** Workspaces that are gone and not forgotten. */
  readonly removed: ReadonlyMap<string, { readonly reclaimPolicy: 'Retain' | 'Delete' }>;
  /** All caches with a spec. */
  setCaches(caches: readonly DesiredCache[]): void;
  /** False: a source cannot be read; what is missing is unknown, not gone. */
  setReadable(readable: boolean): void;
  readonly isReadable: () => boolean;
  /** The state directory was lost: nobody knows the last good specs of what is gone. */
  loseMemory(): void;
  /** What one controller reads. */
  source(): SpecSources;
}

export function createSimSpecs(): SimSpecs {
  const current = new Map<string, DesiredWorkspace>();
  const removed = new Map<string, { reclaimPolicy: 'Retain' | 'Delete' }>();
  const hints = new Set<() => void>();
  let readable = true;
  let caches: ReadonlyMap<string, DesiredCache> = new Map();

  function hint(): void {
    for (const onHint of [...hints]) onHint();
  }

  function snapshot(): DesiredSnapshot {
    return {
      complete: readable,
      workspaces: new Map(current),
      caches,
      claimed: new Set(),
      absent: new Set(),
      removed: readable ? new Map(removed) : new Map(),
      problems: [],
      revisions: new Map(),
    };
  }

  return {
    set(name, spec) {
      // No snapshot here defines a cache; one that a spec names is then missing.
      current.set(name, desiredWorkspace(name, { cache: false, ...spec }));
      removed.delete(name);
      hint();
    },
    remove(name) {
      const before = current.get(name);
      if (before === undefined) return;
      current.delete(name);
      removed.set(name, { reclaimPolicy: before.reclaimPolicy });
      hint();
    },
    get: (name) => current.get(name),
    names: () => [...current.keys()].sort(),
    removed,
    setCaches(wanted) {
      caches = new Map(wanted.map((cache) => [cache.name, cache]));
      hint();
    },
    setReadable(value) {
      readable = value;
      hint();
    },
    isReadable: () => readable,
    loseMemory: () => removed.clear(),
    source: () => ({
      scan: () => Promise.resolve(snapshot()),
      watch(onHint) {
        hints.add(onHint);
        return () => void hints.delete(onHint);
      },
      forget: (name) => void removed.delete(name),
    }),
  };
}
