import { specHash } from '../../model/canonical.js';
import type {
  CreationEnv,
  CreationMount,
  CreationPort,
  CreationSpec,
  DesiredWorkspace,
  InPlaceSpec,
  SpecProblem,
} from '../../model/desired.js';
import type { HealthcheckDefinition } from '../../model/engine-objects.js';
import { DEFAULT_CACHE } from '../../model/names.js';
import { parseDurationMs, parseSizeBytes } from '../../model/quantity.js';
import type { Secret } from '../../model/secret.js';
import type { EnvVar, Healthcheck, WorkspaceSpec } from '../../model/workspace.generated.js';
import { DEFAULT_STORAGE_PATH } from '../check/admit-mounts.js';
import { bindMounts } from './bind-mounts.js';
import { by, compare, distinct } from '../parse/order.js';
import type { WorkspaceDefinition } from '../parse/spec-file.js';

const DEFAULT_HOST_IP = '127.0.0.1';

export interface ResolvedSecrets {
  /** The digests of the secrets, by the name of the variable. */
  readonly digests: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly isReadable: boolean;
}

/** Converts a spec as written into the desired workspace: fills in the defaults, parses units and sorts. Pure. */
export function resolveWorkspace(
  definition: WorkspaceDefinition,
  secrets: ResolvedSecrets,
  problem: SpecProblem | null,
): DesiredWorkspace {
  const { name, workspace, location } = definition;
  const { spec } = workspace;
  const creation = creationSpec(spec, secrets.digests);
  return {
    name,
    labels: workspace.metadata.labels ?? {},
    location,
    state: spec.state ?? 'Running',
    imagePullPolicy: spec.imagePullPolicy ?? 'IfNotPresent',
    reclaimPolicy: reclaimPolicyOf(definition),
    creation,
    inPlace: inPlaceSpec(spec),
    packages: distinct(spec.packages ?? []),
    specHash: specHash(creation),
    secrets: secrets.secrets,
    problem,
    secretsReadable: secrets.isReadable,
  };
}

/** What happens to a workspace's data volume when the workspace is removed. */
export function reclaimPolicyOf(definition: WorkspaceDefinition): DesiredWorkspace['reclaimPolicy'] {
  return definition.workspace.spec.storage?.reclaimPolicy ?? 'Retain';
}

function creationSpec(spec: WorkspaceSpec, digests: ReadonlyMap<string, string>): CreationSpec {
  const cache = spec.cache === false ? null : (spec.cache ?? DEFAULT_CACHE);
  return {
    image: spec.image,
    command: spec.command ?? null,
    env: (spec.env ?? []).map((entry) => creationEnv(entry, digests)).sort(by((entry) => entry.name)),
    ports: (spec.ports ?? [])
      .map((port): CreationPort => ({
        containerPort: port.containerPort,
        protocol: port.protocol ?? 'tcp',
        hostIP: port.hostIP ?? DEFAULT_HOST_IP,
        hostPort: port.hostPort ?? null,
      }))
      .sort((a, b) => a.containerPort - b.containerPort || compare(a.protocol, b.protocol)),
    shmBytes: sizeOr0(spec.resources?.shm),
    storageMountPath: spec.storage?.mountPath ?? DEFAULT_STORAGE_PATH,
    cache,
    mounts: creationMounts(spec).sort(by((mount) => mount.target)),
    healthcheck: spec.healthcheck ? healthcheckDefinition(spec.healthcheck) : null,
    // Set even without packages, so that adding the first package needs no new container.
    packagesFrom: cache === null ? null : 'profile',
  };
}

function creationEnv(entry: EnvVar, digests: ReadonlyMap<string, string>): CreationEnv {
  const { name, value, valueFrom } = entry;
  if (!valueFrom) return { name, value: value ?? '' };
  const digest = digests.get(name) ?? '';
  return valueFrom.ageFile === undefined
    ? { name, secretFile: valueFrom.secretFile ?? '', digest }
    : { name, ageFile: valueFrom.ageFile, digest };
}

function creationMounts(spec: WorkspaceSpec): CreationMount[] {
  const shared = (spec.sharedVolumes ?? []).map((volume): CreationMount => ({
    type: 'shared-volume',
    source: volume.name,
    target: volume.mountPath,
    readOnly: volume.readOnly ?? false,
  }));
  return [...shared, ...bindMounts(spec.mounts ?? [])];
}

function healthcheckDefinition(check: Healthcheck): HealthcheckDefinition {
  return {
    test: check.test,
    intervalMs: durationOr0(check.interval),
    timeoutMs: durationOr0(check.timeout),
    startPeriodMs: durationOr0(check.startPeriod),
    retries: check.retries ?? 0,
  };
}

function inPlaceSpec(spec: WorkspaceSpec): InPlaceSpec {
  const { cpus, memory, pids } = spec.resources ?? {};
  return {
    limits: { nanoCpus: Math.round((cpus ?? 0) * 1e9), memoryBytes: sizeOr0(memory), pids: pids ?? 0 },
    restartPolicy: spec.restartPolicy ?? 'unless-stopped',
  };
}

function sizeOr0(text: string | undefined): number {
  return text === undefined ? 0 : (parseSizeBytes(text) ?? 0);
}

function durationOr0(text: string | undefined): number {
  return text === undefined ? 0 : (parseDurationMs(text) ?? 0);
}
