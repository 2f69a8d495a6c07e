import type { WorkspaceStatus } from '../model/status.js';
import type { Workspace } from '../model/workspace.generated.js';
import type { CountedEvent } from '../status/events.js';
import type { ApproveOptions, ClientActions, ControllerOptions, DescribeOptions, NewOptions } from './actions.js';
import { askController } from './control-client.js';
import { describeWorkspaceText } from './describe-text.js';
import { EXIT } from './exit-codes.js';
import type { CliIo } from './io.js';
import { workspaceTable } from './workspace-table.js';

/** The commands that ask a running controller over its socket, and `new`, which asks nobody. */
export function createClientActions(io: CliIo): ClientActions {
  return {
    approve: (options) => approve(io, options),
    getWorkspaces: (options) => getWorkspaces(io, options),
    describeWorkspace: (options) => describeWorkspace(io, options),
    newWorkspace: (options) => Promise.resolve(newWorkspace(io, options)),
  };
}

async function approve(io: CliIo, { names, stateDir, output }: ApproveOptions): Promise<number> {
  const { approved } = await ask<{ approved: readonly string[] }>(stateDir, '/api/v1/approve', { names });
  const refused = (names ?? []).filter((name) => !approved.includes(name));
  if (output === 'json') io.out(printed({ approved, refused }));
  else io.out(approved.length === 0 ? 'No removal was approved.\n' : `Removal approved: ${approved.join(', ')}\n`);
  if (refused.length > 0) io.err(`error: not held: ${refused.join(', ')}\n`);
  return refused.length > 0 ? EXIT.failed : EXIT.ok;
}

async function getWorkspaces(io: CliIo, { stateDir, output }: ControllerOptions): Promise<number> {
  const { items } = await ask<{ items: readonly WorkspaceStatus[] }>(stateDir, '/api/v1/workspaces');
  io.out(output === 'json' ? printed({ items }) : workspaceTable(items, { now: io.now(), columns: io.columns, color: io.color }));
  return EXIT.ok;
}

async function describeWorkspace(io: CliIo, { name, stateDir, output }: DescribeOptions): Promise<number> {
  const query = encodeURIComponent(name);
  const status = await ask<WorkspaceStatus>(stateDir, `/api/v1/workspaces/${query}`);
  const { items: events } = await ask<{ items: readonly CountedEvent[] }>(stateDir, `/api/v1/events?workspace=${query}`);
  io.out(output === 'json' ? printed({ ...status, events }) : describeWorkspaceText(status, events, io.now()));
  return EXIT.ok;
}

function newWorkspace(io: CliIo, { name, image }: NewOptions): number {
  const spec: Workspace = { apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec: { image } };
  io.out(printed(spec));
  return EXIT.ok;
}

/** The shape is our own server's; what it refuses it says in `error`. */
async function ask<T>(stateDir: string, path: string, body?: unknown): Promise<T> {
  const { status, value } = await askController(stateDir, path, body);
  if (status === 200) return value as T;
  const told = typeof value === 'object' && value !== null && 'error' in value ? String(value.error) : `HTTP status ${status}`;
  throw new Error(told);
}

function printed(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
