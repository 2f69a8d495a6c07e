import type { DesiredCache, DesiredSnapshot, DesiredWorkspace } from '../../../controller/model/desired.js';
import type { Commit } from '../../../controller/model/git.js';
import type { WorkspaceSpec } from '../../../controller/model/workspace.generated.js';
import { DEFAULT_CACHE_CONFIG } from '../../../controller/source/check/cache-defaults.js';
import { desiredWorkspace } from '../../support/sim/specs.js';

export type Specs = Readonly<Record<string, Partial<WorkspaceSpec>>>;

/** `null` in `caches`: no file names it, and a workspace does. */
export function snapshot(
  specs: Specs,
  caches: Readonly<Record<string, Partial<DesiredCache['config']> | null>> = {},
): DesiredSnapshot {
  const workspaces = Object.entries(specs).map(([name, spec]): [string, DesiredWorkspace] => [
    name,
    desiredWorkspace(name, { image: 'app:1', ...spec }),
  ]);
  const wanted = Object.entries(caches).map(([name, config]): [string, DesiredCache] => [
    name,
    {
      name,
      location: config === null ? null : { source: 's', file: `${name}.json`, line: 1, column: 1 },
      config: { ...DEFAULT_CACHE_CONFIG, ...config },
      problem: null,
    },
  ]);
  return {
    complete: true,
    workspaces: new Map(workspaces),
    caches: new Map(wanted),
    claimed: new Set(),
    absent: new Set(),
    removed: new Map(),
    problems: [],
    revisions: new Map(),
  };
}

export function commit(digit: string): Commit {
  return { revision: digit.repeat(40), author: 'A <a@b>', subject: 's', committedAt: 0 };
}
