import type { CallOptions, DockerPort } from '../../docker/port.js';
import type { ObservedContainer } from '../../model/engine-objects.js';
import { dataVolumeName, volumeProbeName } from '../../model/names.js';
import { createAnew } from '../keeper/helper-container.js';
import { findLinks, type LinkSource } from './links.js';
import { ownerOf } from './owners.js';
import type { FoundLink } from './plan-roots.js';
import type { KnownLink } from './root-inventory.js';
import { volumeProbeDefinition } from './scanner.js';

export interface LinkLookDependencies {
  readonly docker: DockerPort;
  readonly cache: string;
  readonly instance: string;
  /** The keeper's. */
  readonly image: string;
  /** Workspaces that a spec names, with the paths of their data volumes. */
  readonly specs: () => ReadonlyMap<string, string>;
  /** Workspaces, with a spec or without, whose data volume is there. */
  readonly dataVolumes: () => readonly string[];
  /** Of data volumes, also of workspaces that are gone. */
  readonly mountPaths: () => Readonly<Record<string, string>>;
  /** Whether a workspace without a spec may still want what its links lead to. */
  readonly isRemembered: (workspace: string) => boolean;
}

/** As a spec has it that says nothing else. */
const DEFAULT_STORAGE_PATH = '/workspace';

/** The links of one run's users: looked for twice, the second time for what has come since. */
export function createLinkLook(deps: LinkLookDependencies) {
  const { docker } = deps;
  let found: readonly FoundLink[] = [];
  /** Whose data volumes were looked into, and of them those that were looked through. */
  const tried = new Set<string>();
  const through = new Set<string>();

  /** A workspace that has no container now has its files all the same; so has one that went, for as long as it is remembered. */
  async function inVolumes(
    users: readonly ObservedContainer[],
    linksFor: (isTried: boolean) => readonly KnownLink[],
    calls: CallOptions,
  ): Promise<FoundLink[]> {
    const owners = new Set(users.map(ownerOf));
    const specs = deps.specs();
    const all: FoundLink[] = [];
    for (const name of deps.dataVolumes()) {
      const links = linksFor(tried.has(name));
      if (owners.has(name) || links.length === 0 || !(specs.has(name) || deps.isRemembered(name))) continue;
      tried.add(name);
      all.push(
        ...(await inVolume(name, specs.get(name) ?? deps.mountPaths()[name] ?? DEFAULT_STORAGE_PATH, links, calls)),
      );
      // Where a workspace without a spec had its files is not known for sure: what is not found may be there.
      if (specs.has(name)) through.add(name);
    }
    return all;
  }

  async function inVolume(
    owner: string,
    mountPath: string,
    links: readonly KnownLink[],
    calls: CallOptions,
  ): Promise<FoundLink[]> {
    const probe = volumeProbeName(owner);
    const containerId = await createAnew(
      docker,
      probe,
      volumeProbeDefinition(deps.cache, deps.image, deps.instance, dataVolumeName(owner), mountPath),
      calls,
    );
    try {
      return await findLinks(docker, [{ owner, containerId, containerName: probe }], links, calls);
    } finally {
      await docker.removeContainer(containerId, true, calls);
    }
  }

  return {
    found: (): readonly FoundLink[] => found,
    /** Data volumes in which every link was looked for. */
    through: (): ReadonlySet<string> => through,
    async first(users: readonly ObservedContainer[], links: readonly KnownLink[], calls: CallOptions): Promise<void> {
      found = [
        ...(await findLinks(docker, users.map(sourceOf), links, calls)),
        ...(await inVolumes(users, () => links, calls)),
      ];
    },
    /** What was made or remade since then, and what is in containers that have come or gone. */
    async again(
      before: readonly ObservedContainer[],
      users: readonly ObservedContainer[],
      knownBefore: readonly KnownLink[],
      links: readonly KnownLink[],
      calls: CallOptions,
    ): Promise<void> {
      const madeAt = new Map(knownBefore.map((link) => [link.name, link.madeAt]));
      const fresh = links.filter((link) => madeAt.get(link.name) !== link.madeAt);
      const seen = new Set(before.map(({ id }) => id));
      const appeared = users.filter(({ id }) => !seen.has(id));
      const more = [
        ...(await findLinks(docker, users.map(sourceOf), fresh, calls)),
        ...(await findLinks(docker, appeared.map(sourceOf), knownBefore, calls)),
        ...(await inVolumes(users, (isTried) => (isTried ? fresh : links), calls)),
      ];
      const renewed = new Set(more.map(({ owner, name }) => `${owner}/${name}`));
      found = [...found.filter(({ owner, name }) => !renewed.has(`${owner}/${name}`)), ...more];
    },
  };
}

function sourceOf(container: ObservedContainer): LinkSource {
  return { owner: ownerOf(container), containerId: container.id, containerName: container.name };
}
