import type { Workspace } from '../../../controller/model/workspace.generated.js';
import { TEST_IMAGE } from './engine.js';

/** A healthy workspace of busybox, with `spec` over it. */
export function workspace(name: string, spec: Partial<Workspace['spec']> = {}): Workspace {
  return { apiVersion: 'kalpana.dev/v1', kind: 'Workspace', metadata: { name }, spec: { image: TEST_IMAGE, ...spec } };
}

/** For tests that are about something else: no controller of theirs makes a keeper and looks after it. */
export const NO_CACHE: Partial<Workspace['spec']> = { cache: false };

/** Healthy as soon as the file is there; looked at often. */
export function healthyWhen(test: string): NonNullable<Workspace['spec']['healthcheck']> {
  return { test: ['CMD-SHELL', test], interval: '300ms', timeout: '2s', retries: 2 };
}

/** What `list` gives when exactly these workspaces run. */
export function up(...names: readonly string[]): string[] {
  return names.map((name) => `workspace-${name}: running`).sort();
}
