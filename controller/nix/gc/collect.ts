import type { CallOptions } from '../../docker/port.js';
import { FailureError } from '../../model/reasons.js';
import { SILENCE_MS, TOLD, type KeeperExec } from '../keeper/keeper-exec.js';
import { ROOT_USER } from '../keeper/scripts.js';
import { COLLECT_SCRIPT } from './gc-scripts.js';
import { rootInventoryFrom, type KnownLink } from './root-inventory.js';

export interface CollectRequest {
  readonly dryRun: boolean;
  /** Bytes; null: no limit. */
  readonly maxFreed: number | null;
  /** What came into the store less than this long ago stays. */
  readonly graceMs: number;
  /** The daemon stands still; the links that clients made until then, and the collector's process id. */
  readonly onFrozen: (links: readonly KnownLink[], collector: number) => void;
  readonly onDeleting: (path: string, count: number) => void;
}

export interface Collected {
  /** Store paths, with their bytes on the disk in a dry run. */
  readonly dead: ReadonlyMap<string, number>;
  readonly livePaths: number;
  readonly freedBytes: number;
  readonly freedPaths: number;
  readonly leftPaths: number;
}

/** Nix would have deleted these. */
export class RootAtRiskError extends FailureError {
  override readonly name = 'RootAtRiskError' as never;
}

/**
 * How long the collector waits for the word to go on. The daemon stands still for so long at most when the controller
 * dies.
 */
const GO_SECONDS = 20;
/** The script's exit code when another collection holds its lock. */
const BUSY = 20;
/** The script's exit code when paths in use are not in Nix's database. */
const DAMAGED = 28;

/** From the daemon's standstill to Nix's end; it goes on after a `changeRoots` with `go`. Throws a `FailureError`. */
export async function collect(
  { run }: KeeperExec,
  { dryRun, maxFreed, graceMs, onFrozen, onDeleting }: CollectRequest,
  options: CallOptions,
): Promise<Collected> {
  const rows: string[][] = [];
  const links: string[] = [];
  const others: string[] = [];
  let deleting = 0;
  const onLine = (line: string) => {
    if (!line.startsWith(TOLD)) return void others.push(line);
    const words = line.slice(TOLD.length);
    if (words.startsWith('links ')) return void links.push(words);
    const frozen = /^frozen (\d+)$/.exec(words);
    if (frozen) return onFrozen(rootInventoryFrom(links).links, Number(frozen[1]));
    if (words.startsWith('deleting ')) return onDeleting(words.slice('deleting '.length), (deleting += 1));
    rows.push(words.split(' '));
  };
  const env = {
    KALPANA_MODE: dryRun ? 'dry-run' : 'collect',
    KALPANA_GO_SECONDS: String(GO_SECONDS),
    KALPANA_MAX_FREED: maxFreed === null ? '' : String(maxFreed),
    KALPANA_GRACE: String(Math.ceil(graceMs / 1_000)),
  };
  const code = await run(COLLECT_SCRIPT, ROOT_USER, env, onLine, { deadlineMs: SILENCE_MS, ...options });
  return collectedFrom(rows, code, others.at(-1) ?? `code ${code}`);
}

/** From the rows that the script printed; throws a `FailureError`, with `words` where it has none of its own. */
function collectedFrom(rows: readonly (readonly string[])[], code: number, words: string): Collected {
  const of = (kind: string) => rows.filter(([first]) => first === kind);
  const atRisk = of('at-risk').map(([, path]) => path);
  if (atRisk.length > 0) {
    const others = atRisk.length > 3 ? ` and ${atRisk.length - 3} others` : '';
    const message = `Nix takes ${atRisk.slice(0, 3).join(', ')}${others} for dead, and they are in use`;
    throw new RootAtRiskError({ reason: 'RootAtRisk', message });
  }
  if (code === DAMAGED) {
    const damaged = of('damaged').map(([, path]) => path);
    const message =
      `${damaged.length} paths in use are on the disk and not in the store's database, such as ${damaged[0]}: ` +
      'nothing was deleted';
    throw new RootAtRiskError({ reason: 'StoreDamaged', message });
  }
  if (code !== 0)
    throw new FailureError({
      reason: code === BUSY ? 'GcBusy' : 'KeeperNotReady',
      message: `the collection in the keeper failed: ${words}`,
    });
  const [, freedBytes = '0', freedPaths = '0'] = of('freed')[0] ?? [];
  return {
    dead: new Map(of('dead').map(([, path = '', bytes = '0']) => [path, Number(bytes)])),
    livePaths: Number(of('live')[0]?.[1] ?? 0),
    freedBytes: Number(freedBytes),
    freedPaths: Number(freedPaths),
    leftPaths: Number(of('left')[0]?.[1] ?? 0),
  };
}
