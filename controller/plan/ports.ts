import { createHash } from 'node:crypto';
import { LABEL } from '../model/names.js';
import type { CreationPort } from '../model/desired.js';
import type { PublishedPort } from '../model/engine-objects.js';
import type { TakenPort } from './types.js';

/** Chosen ports lie below Linux's ephemeral range (from 32768), so that outgoing connections do not take them. */
export const AUTO_PORT_FIRST = 20_000;
export const AUTO_PORT_COUNT = 10_000;

const WILDCARDS = new Set(['0.0.0.0', '::', '']);

type HostPort = Pick<TakenPort, 'protocol' | 'hostIP' | 'hostPort'>;

/** Whether two host ports cannot be published at the same time; a wildcard address overlaps every other address. */
export function portsOverlap(a: HostPort, b: HostPort): boolean {
  if (a.protocol !== b.protocol || a.hostPort !== b.hostPort) return false;
  return a.hostIP === b.hostIP || WILDCARDS.has(a.hostIP) || WILDCARDS.has(b.hostIP);
}

/** Renders a host port as `127.0.0.1:8080/tcp`; an IPv6 address stands in brackets. */
export function renderHostPort(port: HostPort): string {
  const ip = port.hostIP.includes(':') ? `[${port.hostIP}]` : port.hostIP;
  return `${ip}:${port.hostPort}/${port.protocol}`;
}

/** Encodes ports as the value of the label `kalpana.ports`. */
export function encodePorts(ports: readonly PublishedPort[]): string {
  return JSON.stringify(ports.map((port) => [port.containerPort, port.protocol, port.hostIP, port.hostPort]));
}

/** The ports that a container was created with; none when the label is absent or malformed. */
export function decodePorts(labels: Readonly<Record<string, string>>): PublishedPort[] {
  try {
    const rows: unknown = JSON.parse(labels[LABEL.ports] ?? '[]');
    return Array.isArray(rows) ? rows.flatMap(decodeRow) : [];
  } catch {
    return [];
  }
}

function decodeRow(row: unknown): PublishedPort[] {
  if (!Array.isArray(row)) return [];
  const [containerPort, protocol, hostIP, hostPort] = row as unknown[];
  const valid =
    typeof containerPort === 'number' &&
    (protocol === 'tcp' || protocol === 'udp') &&
    typeof hostIP === 'string' &&
    typeof hostPort === 'number';
  return valid ? [{ containerPort, protocol, hostIP, hostPort }] : [];
}

export type Allocation =
  | { readonly ok: true; readonly ports: readonly PublishedPort[] }
  | { readonly ok: false; readonly port: HostPort; readonly holder: string };

/**
 * Allocates host ports for a workspace. A chosen port keeps its number (`previous`) as long as nobody else holds it.
 * The search for a new one starts at a hash of the workspace's name, so that the result is the same after the container
 * was lost.
 */
export function allocatePorts(
  workspace: string,
  wanted: readonly CreationPort[],
  previous: readonly PublishedPort[],
  taken: readonly TakenPort[],
): Allocation {
  const ports: PublishedPort[] = [];
  const holderOf = (port: HostPort) =>
    taken.find((other) => portsOverlap(other, port))?.holder ??
    (ports.some((own) => portsOverlap(own, port)) ? `workspace ${workspace}` : null);
  for (const want of wanted) {
    const { containerPort, protocol, hostIP } = want;
    if (want.hostPort !== null) {
      const port = { containerPort, protocol, hostIP, hostPort: want.hostPort };
      const holder = holderOf(port);
      if (holder !== null) return { ok: false, port, holder };
      ports.push(port);
      continue;
    }
    const chosen = choosePort(workspace, want, previous, (port) => holderOf(port) === null);
    if (chosen === null)
      return {
        ok: false,
        port: { protocol, hostIP, hostPort: AUTO_PORT_FIRST },
        holder: 'others, like every port up to ' + (AUTO_PORT_FIRST + AUTO_PORT_COUNT - 1),
      };
    ports.push(chosen);
  }
  return { ok: true, ports };
}

function choosePort(
  workspace: string,
  want: CreationPort,
  previous: readonly PublishedPort[],
  isFree: (port: PublishedPort) => boolean,
): PublishedPort | null {
  const { containerPort, protocol, hostIP } = want;
  const kept = previous.find(
    (port) => port.containerPort === containerPort && port.protocol === protocol && port.hostIP === hostIP,
  );
  if (kept !== undefined && isFree(kept)) return kept;
  const hash = createHash('sha256').update(`${workspace}/${containerPort}/${protocol}`).digest().readUInt32BE(0);
  for (let step = 0; step < AUTO_PORT_COUNT; step += 1) {
    const port = { containerPort, protocol, hostIP, hostPort: AUTO_PORT_FIRST + ((hash + step) % AUTO_PORT_COUNT) };
    if (isFree(port)) return port;
  }
  return null;
}
