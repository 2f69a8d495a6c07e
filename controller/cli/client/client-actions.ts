import type { CacheStatus } from '../../model/cache-status.js';
import type { WorkspaceStatus } from '../../model/status.js';
import type { Workspace } from '../../model/workspace.generated.js';
import type { CountedEvent } from '../../status/events.js';
import type {
  ApproveOptions,
  CacheClearOptions,
  ClientActions,
  ControllerOptions,
  DescribeOptions,
  NewOptions,
  SourceOptions,
} from '../actions.js';
import { ask, printed } from './ask.js';
import { cacheStatusText } from '../text/cache-text.js';
import { cacheTable } from '../text/cache-table.js';
import { describeCacheText } from '../text/describe-cache-text.js';
import { describeWorkspaceText } from '../text/describe-text.js';
import { EXIT } from '../exit-codes.js';
import { collectGarbage } from './collect-garbage.js';
import { verifyStore } from './verify-store.js';
import type { CliIo } from '../io.js';
import { sourceTable } from '../text/source-table.js';
import { oneLineText, type TableOptions } from '../text/table.js';
import { workspaceTable } from '../text/workspace-table.js';

/**
 * The deadline of `cache clear`, which ends when the workspaces have stopped and the keeper runs with an empty volume.
 */
const CLEAR_DEADLINE_MS = 15 * 60_000;

/**
 * Creates the commands that contact a running controller over its socket, and `new`, which contacts nothing.
 * @param signal ends the wait for a collection or a verification
 */
export function createClientActions(io: CliIo, signal?: AbortSignal): ClientActions {
  return {
    approve: (options) => approve(io, options),
    getWorkspaces: ({ wide, ...options }) =>
      list<WorkspaceStatus>(io, options, 'workspaces', (items, table) => workspaceTable(items, { ...table, wide })),
    describeWorkspace: (options) => describeWorkspace(io, options),
    getSources: (options) => list(io, options, 'sources', sourceTable),
    source: (options) => actOnSource(io, options),
    getCaches: (options) => list(io, options, 'caches', cacheTable),
    cacheStatus: ({ cache, ...options }) => showCache(io, { ...options, name: cache }, cacheStatusText),
    describeCache: (options) => showCache(io, options, describeCacheText),
    cacheClear: (options) => cacheClear(io, options),
    cacheVerify: (options) => verifyStore(io, options, signal),
    gc: (options) => collectGarbage(io, options, signal),
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

type Table<T> = (items: readonly T[], options: TableOptions & { readonly now: number }) => string;

async function list<T>(
  io: CliIo,
  { stateDir, output }: ControllerOptions,
  kind: string,
  toTable: Table<T>,
): Promise<number> {
  const { items } = await ask<{ items: readonly T[] }>(stateDir, `/api/v1/${kind}`);
  io.out(
    output === 'json' ? printed({ items }) : toTable(items, { now: io.now(), columns: io.columns, color: io.color }),
  );
  return EXIT.ok;
}

async function describeWorkspace(io: CliIo, { name, stateDir, output }: DescribeOptions): Promise<number> {
  const query = encodeURIComponent(name);
  const status = await ask<WorkspaceStatus>(stateDir, `/api/v1/workspaces/${query}`);
  const { items: events } = await ask<{ items: readonly CountedEvent[] }>(
    stateDir,
    `/api/v1/events?workspace=${query}`,
  );
  io.out(output === 'json' ? printed({ ...status, events }) : describeWorkspaceText(status, events, io.now()));
  return EXIT.ok;
}

async function actOnSource(io: CliIo, { action, name, stateDir, output }: SourceOptions): Promise<number> {
  const { message } = await ask<{ message: string }>(
    stateDir,
    `/api/v1/sources/${encodeURIComponent(name)}/${action}`,
    {},
  );
  io.out(output === 'json' ? printed({ source: name, message }) : `${oneLineText(message)}\n`);
  return EXIT.ok;
}

type CacheText = (status: CacheStatus, events: readonly CountedEvent[], now: number) => string;

async function showCache(io: CliIo, { name, stateDir, output }: DescribeOptions, toText: CacheText): Promise<number> {
  const query = encodeURIComponent(name);
  const status = await ask<CacheStatus>(stateDir, `/api/v1/caches/${query}`);
  const { items: events } = await ask<{ items: readonly CountedEvent[] }>(stateDir, `/api/v1/events?cache=${query}`);
  io.out(output === 'json' ? printed({ ...status, events }) : toText(status, events, io.now()));
  return EXIT.ok;
}

async function cacheClear(io: CliIo, { cache, force, stateDir, output }: CacheClearOptions): Promise<number> {
  const path = `/api/v1/caches/${encodeURIComponent(cache)}/clear`;
  const { message } = await ask<{ message: string }>(stateDir, path, { force }, CLEAR_DEADLINE_MS);
  io.out(output === 'json' ? printed({ cache, message }) : `${oneLineText(message)}\n`);
  return EXIT.ok;
}

function newWorkspace(io: CliIo, { name, image, packages }: NewOptions): number {
  const spec = packages.length === 0 ? { image } : { image, packages: [...packages] };
  const workspace: Workspace = { apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec };
  io.out(printed(workspace));
  return EXIT.ok;
}
