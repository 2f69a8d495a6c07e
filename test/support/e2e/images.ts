import { readFileSync } from 'node:fs';
import { pack } from 'tar-stream';
import { callWithProgress } from '../../../deploy/setup/engine-api.mjs';
import { busybox } from '../../../deploy/setup/test-image.mjs';
import { PATIENCE } from './eventually.js';

export interface TestImage {
  /** As in a Dockerfile, e.g. `ENV PATH=/opt/odd:/bin`. */
  readonly changes: readonly string[];
  /** Where busybox is, by each of these paths, and nothing else: its name says what it is. */
  readonly programs: readonly string[];
}

/** Imports an image of static programs alone; `reference` is `repo:tag`. */
export async function importImage(host: string, reference: string, { changes, programs }: TestImage): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':');
  const tar = pack();
  const binary = readFileSync(busybox);
  for (const name of programs) tar.entry({ name: name.slice(1), mode: 0o755 }, binary);
  tar.finalize();
  const query = new URLSearchParams([
    ['fromSrc', '-'],
    ['repo', repo],
    ['tag', tag],
    ...changes.map((change): [string, string] => ['changes', change]),
  ]);
  await callWithProgress(host, 'POST', `/images/create?${query}`, { body: tar, idleMs: PATIENCE * 60_000 });
}
