import type { Clock } from '../model/clock.js';
import type { PullProgress } from '../model/engine-objects.js';
import { oneLine } from './engine-failures.js';
import { createLineSplitter } from './line-splitter.js';
import { EngineError } from './port.js';
import { asNumber, asObject, parseJson } from './shapes.js';

const PROGRESS_EVERY_MS = 250;

export interface PullReader {
  /**
   * Reads a chunk. Throws `pull-failed` at an error line, because even a failed pull has the status 200 (trap
   * dockerode-5).
   */
  push(chunk: Buffer): void;
  end(): void;
}

/** Reads the JSON lines of a pull, and adds up the download of all layers. */
export function createPullReader(
  image: string,
  clock: Clock,
  onProgress: (progress: PullProgress) => void,
): PullReader {
  const lines = createLineSplitter();
  const layers = new Map<string, { current: number; total: number }>();
  let reportedAt = -Infinity;
  let reportedStatus = '';

  function report(status: string): void {
    const now = clock.now();
    if (status === reportedStatus && now - reportedAt < PROGRESS_EVERY_MS) return;
    reportedAt = now;
    reportedStatus = status;
    let currentBytes = 0;
    let totalBytes = 0;
    for (const layer of layers.values()) {
      currentBytes += layer.current;
      totalBytes += layer.total;
    }
    onProgress({ image, status, currentBytes, totalBytes });
  }

  function read(line: string): void {
    const entry = asObject(parseJson(line, 'a line of the pull'), 'a line of the pull');
    const error = errorOf(entry['error'], entry['errorDetail']);
    if (error !== null) throw new EngineError('pull-failed', 'pullImage', error);
    if (typeof entry['status'] !== 'string') return;
    const status = entry['status'];
    const id = typeof entry['id'] === 'string' ? entry['id'] : null;
    const known = id === null ? undefined : layers.get(id);
    if (id !== null && status === 'Downloading') {
      const detail = asObject(entry['progressDetail'] ?? {}, 'progressDetail');
      const current = asNumber(detail['current'] ?? 0, 'current');
      // Some registries report no size; the size is then what has arrived.
      layers.set(id, { current, total: Math.max(current, asNumber(detail['total'] ?? 0, 'total')) });
    } else if (known !== undefined && status === 'Download complete') {
      known.current = known.total;
    }
    report(id === null ? oneLine(status) : status);
  }

  return {
    push: (chunk) => lines.push(chunk).forEach(read),
    end() {
      const rest = lines.rest();
      if (rest !== '') read(rest);
    },
  };
}

function errorOf(error: unknown, detail: unknown): string | null {
  if (typeof error === 'string' && error !== '') return oneLine(error);
  if (detail === null || typeof detail !== 'object' || !('message' in detail)) return null;
  return oneLine(String(detail.message));
}
