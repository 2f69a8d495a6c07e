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
  /** Paths of data volumes by workspace, also of workspaces that are gone. */
  readonly mountPaths: () => Readonly<Record<string, string>>;
  /** Whether a workspace without a spec may still want what its links lead to. */
  readonly isRemembered: (workspace: string) => boolean;
}

/** The links of one run's users: looked for twice, the second time for what has come since. */
export interface LinkLook {
  found: readonly FoundLink[];
  /** Workspaces whose data volumes were looked into. */
  readonly tried: Set<string>;
  /** Of these, the workspaces in whose data volumes every link was looked for. */
  readonly through: Set<string>;
}

/** What there is to look for the second time. */
export interface SecondLook {
  readonly before: readonly ObservedContainer[];
  readonly now: readonly ObservedContainer[];
  /** Those of the first look. */
  readonly known: readonly KnownLink[];
  readonly links: readonly KnownLink[];
}

/** As a spec has it that says nothing else. */
const DEFAULT_STORAGE_PATH = '/workspace';

/** A look that has found nothing yet. */
export function newLinkLook(): LinkLook {
  return { found: [], tried: new Set(), through: new Set() };
}

/**
 * The first look: every known link, in every user and every data volume that has no user now. Throws as `findLinks`
 * does.
 */
export async function lookForLinks(
  look: LinkLook,
  deps: LinkLookDependencies,
  users: readonly ObservedContainer[],
  links: readonly KnownLink[],
  calls: CallOptions,
): Promise<void> {
  look.found = [
    ...(await findLinks(deps.docker, users.map(sourceOf), links, calls)),
    ...(await findInVolumes(look, deps, users, () => links, calls)),
  ];
}

/** The second look: what was made or remade since the first, and what is in containers that have come or gone. */
export async function lookAgain(
  look: LinkLook,
  deps: LinkLookDependencies,
  { before, now, known, links }: SecondLook,
  calls: CallOptions,
): Promise<void> {
  const madeAt = new Map(known.map((link) => [link.name, link.madeAt]));
  const fresh = links.filter((link) => madeAt.get(link.name) !== link.madeAt);
  const seen = new Set(before.map(({ id }) => id));
  const appeared = now.filter(({ id }) => !seen.has(id));
  const more = [
    ...(await findLinks(deps.docker, now.map(sourceOf), fresh, calls)),
    ...(await findLinks(deps.docker, appeared.map(sourceOf), known, calls)),
    ...(await findInVolumes(look, deps, now, (isTried) => (isTried ? fresh : links), calls)),
  ];
  const renewed = new Set(more.map(({ owner, name }) => `${owner}/${name}`));
  look.found = [...look.found.filter(({ owner, name }) => !renewed.has(`${owner}/${name}`)), ...more];
}

/**
 * A workspace that has no container now has its files all the same; so has one that went, for as long as it is
 * remembered.
 */
async function findInVolumes(
  look: LinkLook,
  deps: LinkLookDependencies,
  users: readonly ObservedContainer[],
  linksFor: (isTried: boolean) => readonly KnownLink[],
  calls: CallOptions,
): Promise<FoundLink[]> {
  const owners = new Set(users.map(ownerOf));
  const specs = deps.specs();
  const all: FoundLink[] = [];
  for (const name of deps.dataVolumes()) {
    const links = linksFor(look.tried.has(name));
    if (owners.has(name) || links.length === 0 || !(specs.has(name) || deps.isRemembered(name))) continue;
    look.tried.add(name);
    const mountPath = specs.get(name) ?? deps.mountPaths()[name] ?? DEFAULT_STORAGE_PATH;
    all.push(...(await findInVolume(deps, name, mountPath, links, calls)));
    // Where a workspace without a spec had its files is not known for sure: what is not found may be there.
    if (specs.has(name)) look.through.add(name);
  }
  return all;
}

async function findInVolume(
  { docker, cache, image, instance }: LinkLookDependencies,
  owner: string,
  mountPath: string,
  links: readonly KnownLink[],
  calls: CallOptions,
): Promise<FoundLink[]> {
  const probe = volumeProbeName(owner);
  const definition = volumeProbeDefinition(cache, image, instance, dataVolumeName(owner), mountPath);
  const containerId = await createAnew(docker, probe, definition, calls);
  try {
    return await findLinks(docker, [{ owner, containerId, containerName: probe }], links, calls);
  } finally {
    await docker.removeContainer(containerId, true, calls);
  }
}

function sourceOf(container: ObservedContainer): LinkSource {
  return { owner: ownerOf(container), containerId: container.id, containerName: container.name };
}
