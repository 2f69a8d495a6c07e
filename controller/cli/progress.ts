import type { PullProgress } from '../model/engine-objects.js';
import type { WorkspaceStatus } from '../model/status.js';
import type { StatusChange } from '../status/store.js';
import type { CliIo } from './io.js';
import { paint, phaseTone } from './paint.js';
import { oneLineText } from './table.js';
import { tryNextText, type TryNext } from './try-next.js';
import { messageOf, workspaceTable } from './workspace-table.js';

/** What a person at a terminal sees of `run`. Where stdout is no terminal only the table of `settled` is printed. */
export interface Progress {
  /** A line for each change of phase. */
  changed(change: StatusChange): void;
  /** A line for each image, at most every two seconds. */
  pulled(progress: PullProgress): void;
  /** The table, and at a terminal what to try next; once, later calls do nothing. */
  settled(statuses: readonly WorkspaceStatus[], tryNext: TryNext): void;
}

const PULL_INTERVAL_MS = 2_000;

export function createProgress(io: CliIo): Progress {
  const terminal = io.columns !== null;
  const lastPull = new Map<string, number>();
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

  function pulled({ image, status, currentBytes, totalBytes }: PullProgress): void {
    const now = io.now();
    if (!terminal || now - (lastPull.get(image) ?? -Infinity) < PULL_INTERVAL_MS) return;
    lastPull.set(image, now);
    const amount = totalBytes > 0 ? `  ${formatMiB(currentBytes)} of ${formatMiB(totalBytes)}` : '';
    io.out(`image ${image}  ${oneLineText(status)}${amount}\n`);
  }

  function settled(statuses: readonly WorkspaceStatus[], tryNext: TryNext): void {
    if (done) return;
    done = true;
    const table = workspaceTable(statuses, { now: io.now(), columns: io.columns, color: io.color });
    io.out(terminal ? `\n${table}\n${tryNextText(statuses, tryNext)}` : table);
  }

  return { changed, pulled, settled };
}

function formatMiB(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
