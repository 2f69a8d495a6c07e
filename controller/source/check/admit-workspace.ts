import { isIP } from 'node:net';
import { parseDurationMs, parseSizeBytes } from '../../model/quantity.js';
import type { Healthcheck, Port, Resources, Workspace, WorkspaceSpec } from '../../model/workspace.generated.js';
import { admitImage } from './admit-image.js';
import { admitMounts } from './admit-mounts.js';
import { admitPackages } from './admit-packages.js';
import { specIssue as issue } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import { quote } from '../parse/problem.js';

/** The least memory that the engine accepts. */
const MIN_MEMORY_BYTES = 6 * 1024 * 1024;
/** The longest duration in ms whose value in nanoseconds is exact in a JSON number. */
const MAX_DURATION_MS = 2400 * 3_600_000;
const ANY_ADDRESS = '0.0.0.0';

/** Checks the rules for a workspace that a schema cannot express. The value must be valid by the schema. */
export function admitWorkspace(workspace: Workspace): Issue[] {
  const { spec } = workspace;
  return [
    ...admitName(workspace.metadata.name),
    ...admitImage(spec.image),
    ...admitCacheUse(spec),
    ...admitPackages('packages', spec.packages ?? []),
    ...admitEnv(spec.env ?? []),
    ...admitPorts(spec.ports ?? []),
    ...admitResources(spec.resources ?? {}),
    ...admitMounts(spec),
    ...admitHealthcheck(spec.healthcheck),
  ];
}

/**
 * Rejects names in the form that Nix gives to the generations of a profile: the generation of one workspace's profile
 * would be the profile of another.
 */
function* admitName(name: string): Generator<Issue> {
  if (/-\d+-link$/.test(name))
    yield {
      path: ['metadata', 'name'],
      at: 'value',
      message: `${quote(name)} ends as a generation of a Nix profile does: choose another name`,
    };
}

function* admitCacheUse(spec: WorkspaceSpec): Generator<Issue> {
  if (spec.cache === false) {
    if ((spec.packages ?? []).length > 0)
      yield issue(['packages'], '"packages" need a cache: remove "cache": false or the packages');
    return;
  }
  for (const [index, { name }] of (spec.env ?? []).entries()) {
    if (name === 'NIX_REMOTE')
      yield issue(['env', index, 'name'], '"NIX_REMOTE" is set by the controller: remove it, or set "cache": false');
  }
}

function* admitEnv(env: NonNullable<Workspace['spec']['env']>): Generator<Issue> {
  const seen = new Set<string>();
  for (const [index, entry] of env.entries()) {
    const has = [entry.value, entry.valueFrom].filter((source) => source !== undefined).length;
    if (has === 0) yield issue(['env', index], 'has no value: add "value" or "valueFrom"');
    if (has === 2) yield issue(['env', index], 'has both "value" and "valueFrom": remove one of them');
    if (seen.has(entry.name))
      yield issue(['env', index, 'name'], `${quote(entry.name)} stands twice: remove one of them`);
    seen.add(entry.name);
  }
}

function* admitPorts(ports: readonly Port[]): Generator<Issue> {
  const containerPorts = new Set<string>();
  const hostPorts = new Map<string, string[]>();
  for (const [index, port] of ports.entries()) {
    const protocol = port.protocol ?? 'tcp';
    const hostIP = port.hostIP ?? '127.0.0.1';
    const inside = `${port.containerPort}/${protocol}`;
    if (isIP(hostIP) === 0)
      yield issue(['ports', index, 'hostIP'], `${quote(hostIP)} is not an IP address; use e.g. "127.0.0.1"`);
    if (containerPorts.has(inside))
      yield issue(['ports', index, 'containerPort'], `${inside} stands twice: remove one of them`);
    containerPorts.add(inside);
    if (port.hostPort === undefined) continue;
    const outside = `${port.hostPort}/${protocol}`;
    const taken = hostPorts.get(outside) ?? [];
    if (taken.some((address) => address === hostIP || address === ANY_ADDRESS || hostIP === ANY_ADDRESS)) {
      yield issue(
        ['ports', index, 'hostPort'],
        `${outside} on ${hostIP} is taken by another port of this workspace: choose another one`,
      );
    }
    hostPorts.set(outside, [...taken, hostIP]);
  }
}

function* admitResources(resources: Resources): Generator<Issue> {
  for (const field of ['memory', 'shm'] as const) {
    const text = resources[field];
    if (text === undefined) continue;
    const bytes = parseSizeBytes(text);
    const minimum = field === 'memory' ? MIN_MEMORY_BYTES : 1;
    if (bytes === null) yield issue(['resources', field], `${quote(text)} is too large`);
    else if (bytes < minimum)
      yield issue(
        ['resources', field],
        `${quote(text)} is too small: at least ${field === 'memory' ? '"6Mi"' : '"1"'}`,
      );
  }
}

function* admitHealthcheck(healthcheck: Healthcheck | undefined): Generator<Issue> {
  if (!healthcheck) return;
  const [kind, ...words] = healthcheck.test;
  const remedy = testRemedy(kind ?? '', words.length);
  if (remedy) yield issue(['healthcheck', 'test'], remedy);
  for (const field of ['interval', 'timeout', 'startPeriod'] as const) {
    const text = healthcheck[field];
    if (text === undefined) continue;
    const ms = parseDurationMs(text);
    if (ms === null || ms > MAX_DURATION_MS)
      yield issue(['healthcheck', field], `${quote(text)} is too long: at most "2400h"`);
    else if (ms < 1) yield issue(['healthcheck', field], `${quote(text)} is too short: at least "1ms"`);
  }
}

function testRemedy(kind: string, words: number): string | null {
  if (kind === 'CMD') return words >= 1 ? null : '"CMD" needs a command after it: ["CMD", "program", "argument"]';
  if (kind === 'CMD-SHELL')
    return words === 1 ? null : '"CMD-SHELL" needs exactly one line after it: ["CMD-SHELL", "program argument"]';
  if (kind === 'NONE') return words === 0 ? null : '"NONE" stands alone: ["NONE"]';
  return 'must begin with "CMD", "CMD-SHELL" or "NONE"';
}
