import type { ObservedContainer } from '../model/engine-objects.js';
import { LABEL, workspaceOfContainerName } from '../model/names.js';

/**
 * Finds containers by id and by workspace without a search, because ten thousand workspaces are planned at every
 * resync.
 */
export interface ContainerIndex {
  /** All containers by id. */
  readonly all: ReadonlyMap<string, ObservedContainer>;
  /** The containers that carry the workspace's id or have one of its names. */
  of(workspace: string): readonly ObservedContainer[];
  put(container: ObservedContainer): void;
  /** Removes all containers that `of` returns for the workspace. */
  removeOf(workspace: string): void;
}

/** Creates an index of `containers`. */
export function createContainerIndex(containers: Iterable<ObservedContainer> = []): ContainerIndex {
  const all = new Map<string, ObservedContainer>();
  const idsOf = new Map<string, Set<string>>();

  function put(container: ObservedContainer): void {
    all.set(container.id, container);
    for (const workspace of workspacesOf(container)) {
      const ids = idsOf.get(workspace);
      if (ids === undefined) idsOf.set(workspace, new Set([container.id]));
      else ids.add(container.id);
    }
  }

  for (const container of containers) put(container);
  return {
    all,
    of: (workspace) => [...(idsOf.get(workspace) ?? [])].flatMap((id) => all.get(id) ?? []),
    put,
    removeOf(workspace) {
      for (const id of idsOf.get(workspace) ?? []) all.delete(id);
      idsOf.delete(workspace);
    },
  };
}

/**
 * The workspaces that a container concerns: the one in its label, and the one in its name, which a foreign container
 * may have.
 */
export function workspacesOf(container: ObservedContainer): string[] {
  const byLabel = container.labels[LABEL.workspace];
  const byName = workspaceOfContainerName(container.name);
  return [...new Set([byLabel, byName].filter((workspace) => workspace !== undefined))];
}
