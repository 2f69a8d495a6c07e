import type { CacheStatus } from '../../model/cache-status.js';
import type { PullProgress } from '../../model/engine-objects.js';
import { formatBytes } from '../../model/quantity.js';
import type { WorkspaceStatus } from '../../model/status.js';
import type { StatusChange } from '../../status/store.js';
import type { CliIo } from '../io.js';
import { cacheSummaryText } from './cache-text.js';
import { paint, phaseTone } from './paint.js';
import { oneLineText } from './table.js';
import { tryNextText, type TryNext } from './try-next.js';
import { messageOf, workspaceTable } from './workspace-table.js';

/**
 * Shows the progress of `run` to a person at a terminal. When stdout is not a terminal, only the table of `settled` is
 * printed.
 */
export interface Progress {
  /** Prints a line for each change of phase. */
  changed(change: StatusChange): void;
  /** Prints a line for each image, at most every two seconds. */
  pulled(progress: PullProgress): void;
  /**
   * Prints a line for each cache, at most every two seconds: what is being fetched or built, and for which workspaces.
   */
  realising(cache: string, workspaces: readonly string[], words: string): void;
  /** Prints the table and, at a terminal, the use of the caches and what to try next; later calls do nothing. */
  settled(statuses: readonly WorkspaceStatus[], caches: readonly CacheStatus[], tryNext: TryNext): void;
}

const INTERVAL_MS = 2_000;
const NAMES_SHOWN = 3;

/** Creates a progress that prints to `io`; what it prints depends on whether stdout is a terminal. */
export function createProgress(io: CliIo): Progress {
  const terminal = io.columns !== null;
  /** When a line was last printed for each image and for each cache. */
  const printed = { images: new Map<string, number>(), caches: new Map<string, number>() };
  let done = false;

  function changed({ name, before, after }: StatusChange): void {
    if (!terminal) return;
    if (after === null) return io.out(`${name}  removed\n`);
    const from = before?.phase ?? 'Pending';
    if (from === after.phase) return;
    const message = oneLineText(messageOf(after));
    const to = paint(after.phase, phaseTone(after.phase), io.color);
    io.out(`${name}  ${from} → ${to}${message === '' ? '' : `  ${message}`}\n`);
  }

  function isDue(last: Map<string, number>, name: string): boolean {
    const now = io.now();
    if (!terminal || now - (last.get(name) ?? -Infinity) < INTERVAL_MS) return false;
    last.set(name, now);
    return true;
  }

  function pulled({ image, status, currentBytes, totalBytes }: PullProgress): void {
    if (!isDue(printed.images, image)) return;
    const amount = totalBytes > 0 ? `  ${formatBytes(currentBytes)} of ${formatBytes(totalBytes)}` : '';
    io.out(`image ${image}  ${oneLineText(status)}${amount}\n`);
  }

  function realising(cache: string, workspaces: readonly string[], words: string): void {
    if (!isDue(printed.caches, cache)) return;
    io.out(`cache ${cache}  ${namesText(workspaces)}  ${oneLineText(words)}\n`);
  }

  function settled(statuses: readonly WorkspaceStatus[], caches: readonly CacheStatus[], tryNext: TryNext): void {
    if (done) return;
    done = true;
    const table = workspaceTable(statuses, { now: io.now(), columns: io.columns, color: io.color });
    io.out(terminal ? `\n${table}${caches.map(cacheSummaryText).join('')}\n${tryNextText(statuses, tryNext)}` : table);
  }

  return { changed, pulled, realising, settled };
}

function namesText(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return more <= 0 ? names.join(', ') : `${names.slice(0, NAMES_SHOWN).join(', ')} and ${more} more`;
}
