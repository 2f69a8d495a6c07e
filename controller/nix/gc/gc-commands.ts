import type { CallOptions, DockerPort } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { createKeeperExec, SILENCE_MS, type KeeperExec } from '../keeper/keeper-exec.js';
import { ROOT_USER } from '../keeper/scripts.js';
import { batchesOf, changeRoots, type RootChange } from './change-roots.js';
import { collect, type Collected, type CollectRequest } from './collect.js';
import * as scripts from './gc-scripts.js';
import type { Weights } from './pressure.js';
import { rootInventoryFrom, type RootInventory } from './root-inventory.js';

/** Store paths that were in use and not there. */
export interface Verified {
  /** Fetched or built once more. */
  readonly mended: readonly string[];
  readonly lost: readonly string[];
}

/** What a collection does in a keeper. Failures are `FailureError`s, those of the engine `EngineError`s. */
export interface GcCommands {
  inventory(options: CallOptions): Promise<RootInventory>;
  changeRoots(change: RootChange, options: CallOptions): Promise<void>;
  /** From the daemon's standstill to Nix's end; it goes on after a `changeRoots` with `go`. */
  collect(request: CollectRequest, options: CallOptions): Promise<Collected>;
  verify(options: CallOptions): Promise<Verified>;
  /** The run's own roots go, once the keeper has its lock again. */
  release(options: CallOptions): Promise<void>;
  optimise(options: CallOptions): Promise<void>;
  /** NAR bytes that `keep` keeps, and those that only candidates keep, by candidate and path. */
  pressure(keep: readonly string[], candidates: readonly string[], options: CallOptions): Promise<Weights>;
}

const RELEASE_MS = 60_000;

/** The commands of a collection in the keeper whose container has this id. */
export function createGcCommands(docker: DockerPort, keeperId: string): GcCommands {
  const exec = createKeeperExec(docker, keeperId);
  const told = (script: string, what: string, options: CallOptions) => exec.told(script, ROOT_USER, {}, what, options);
  return {
    async inventory(options) {
      const lines = await told(scripts.ROOTS_SCRIPT, 'the roots could not be read', options);
      if (lines.includes('busy'))
        throw new FailureError({ reason: 'GcBusy', message: 'another collection is under way in the keeper' });
      return rootInventoryFrom(lines);
    },
    changeRoots: (change, options) => changeRoots(exec, change, options),
    collect: (request, options) => collect(exec, request, options),
    async verify(options) {
      const calls = { deadlineMs: SILENCE_MS, ...options };
      const lines = await told(scripts.VERIFY_SCRIPT, 'the store could not be looked through', calls);
      const of = (kind: string) =>
        lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
      return { mended: of('mended'), lost: of('lost') };
    },
    async release(options) {
      const calls = { deadlineMs: RELEASE_MS, ...options };
      await told(scripts.RELEASE_RUN_SCRIPT, 'the run could not be ended', calls);
    },
    async optimise(options) {
      const calls = { deadlineMs: SILENCE_MS, ...options };
      await told(scripts.OPTIMISE_SCRIPT, 'the store could not be optimised', calls);
    },
    pressure: (keep, candidates, options) => weigh(exec, keep, candidates, options),
  };
}

async function weigh(
  { told }: KeeperExec,
  keep: readonly string[],
  candidates: readonly string[],
  options: CallOptions,
): Promise<Weights> {
  const own = new Map<string, Map<string, number>>();
  let base = 0;
  const lists = { KALPANA_KEEP: [...new Set(keep)], KALPANA_CANDIDATES: [...new Set(candidates)] };
  for (const [index, batch] of batchesOf(lists).entries()) {
    const env = { ...batch, KALPANA_FIRST: index === 0 ? '1' : '' };
    const lines = await told(scripts.PRESSURE_SCRIPT, ROOT_USER, env, 'the store could not be measured', options);
    for (const line of lines) {
      const [kind, first = '', path = '', bytes = '0'] = line.split(' ');
      if (kind === 'base') base = Number(first);
      else if (kind === 'own') own.set(first, (own.get(first) ?? new Map<string, number>()).set(path, Number(bytes)));
    }
  }
  return { base, own };
}
