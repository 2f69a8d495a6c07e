import type { EngineEvent } from '../model/engine-objects.js';
import { DEEP_LIST, isOurs, LIST, SCAN, type Loop } from './loop.js';
import { cacheKey } from './reconcile-cache.js';
import { SHARED_KEY } from './reconcile-shared.js';
import type { Trigger } from './triggers.js';
import { wakesOf } from './wakes.js';

/** Queues the keys that `trigger` points to; makes no call (law 1). */
export function onTrigger(trigger: Trigger, loop: Loop): void {
  const { inputs, listener } = loop;
  switch (trigger.type) {
    case 'spec-hint':
      return inputs.add(SCAN, 'hint');
    case 'resync':
      inputs.add(SCAN, 'resync');
      return inputs.add(trigger.deep ? DEEP_LIST : LIST, 'resync');
    case 'stream-open':
      listener.eventStream('open', '');
      return inputs.add(LIST, 'stream-open');
    case 'stream-closed':
      listener.eventStream('closed', trigger.detail);
      return inputs.add(LIST, 'stream-closed');
    case 'engine-event':
      return wake(trigger.event, loop);
  }
}

function wake(event: EngineEvent, loop: Loop): void {
  const { queue, caches, state } = loop;
  const wakes = wakesOf(event, loop.view.containers, state);
  if (wakes.shared) queue.add(SHARED_KEY, 'event');
  for (const name of wakes.caches) if (caches.names().includes(name)) queue.add(cacheKey(name), 'event');
  for (const name of wakes.workspaces) if (isOurs(name, loop)) queue.add(name, 'event');
  // A keeper may wait for exactly this image.
  if (event.type === 'image')
    for (const name of caches.names()) if (caches.keeperMoved(name)) queue.add(cacheKey(name), 'image');
  if (!wakes.waiting || state.waiting.size === 0) return;
  // With a new image, a plan that failed may succeed.
  for (const name of state.waiting) queue.add(name, event.type === 'image' ? 'image' : 'woken');
  // Only a list shows what a container that is not ours has released, such as a port.
  if (event.type === 'container' && !wakes.workspaces.some((name) => isOurs(name, loop)))
    loop.inputs.add(LIST, 'woken');
}
