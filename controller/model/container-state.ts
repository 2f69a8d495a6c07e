import type { ObservedContainer } from './engine-objects.js';

/** Whether the container has been started and not stopped, so that stopping it would end something. */
export function isUp({ state }: Pick<ObservedContainer, 'state'>): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}
