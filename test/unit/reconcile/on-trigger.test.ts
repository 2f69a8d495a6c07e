import { describe, expect, it } from '@jest/globals';
import type { EngineEvent } from '../../../controller/model/engine-objects.js';
import { LABEL } from '../../../controller/model/names.js';
import { onTrigger } from '../../../controller/reconcile/on-trigger.js';
import type { Trigger } from '../../../controller/reconcile/triggers.js';
import { openLoop, snapshotOf, taken } from './open-loop.js';

const event = (type: EngineEvent['type'], action: string, attributes: EngineEvent['attributes'] = {}): Trigger => ({
  type: 'engine-event',
  event: { type, action, id: 'x', attributes, time: 0 },
});
const labelled = (workspace: string) => ({ name: `workspace-${workspace}`, [LABEL.workspace]: workspace });

/** A loop with the specs of a and b, and with a cache whose keeper is not the one that answered. */
async function queued(trigger: Trigger, waiting: readonly string[] = []) {
  const { loop, reports } = openLoop({ caches: { names: () => ['team'], keeperMoved: () => true } });
  loop.state.desired = snapshotOf(['a', 'b']);
  for (const name of waiting) loop.state.waiting.add(name);
  onTrigger(trigger, loop);
  return [...(await taken(loop.inputs)), ...(await taken(loop.queue)), ...reports()];
}

describe('a trigger queues', () => {
  it.each<[string, Trigger, readonly string[], readonly string[]]>([
    ['a scan for a hint', { type: 'spec-hint' }, [], ['#scan hint']],
    ['a scan and a list for a resync', { type: 'resync', deep: false }, [], ['#scan resync', '#list resync']],
    [
      'a deep list for every so many of them',
      { type: 'resync', deep: true },
      [],
      ['#scan resync', '#deep-list resync'],
    ],
    ['a list when the event stream opens', { type: 'stream-open' }, [], ['#list stream-open', 'eventStream open']],
    [
      'a list when it ends',
      { type: 'stream-closed', detail: 'cut' },
      [],
      ['#list stream-closed', 'eventStream closed'],
    ],
    ['a workspace for its container', event('container', 'die', labelled('a')), [], ['a event']],
    ['nothing for a workspace without a spec', event('container', 'die', labelled('c')), [], []],
    [
      'who waits as well, when a container ends',
      event('container', 'die', labelled('a')),
      ['b'],
      ['a event', 'b woken'],
    ],
    [
      'a list as well, when it is of somebody else',
      event('container', 'die', { name: 'web' }),
      ['b'],
      ['#list woken', 'b woken'],
    ],
    ['the shared objects for a volume', event('volume', 'destroy'), [], ['#shared event']],
    [
      'a cache for its keeper',
      event('container', 'start', { name: 'kalpana-nix-keeper-team' }),
      [],
      ['#cache:team event'],
    ],
    [
      'nothing for the keeper of an unknown cache',
      event('container', 'start', { name: 'kalpana-nix-keeper-x' }),
      [],
      [],
    ],
    ['keepers and who waits for an image', event('image', 'load'), ['b'], ['#cache:team image', 'b image']],
  ])('%s', async (_what, trigger, waiting, expected) => expect(await queued(trigger, waiting)).toEqual(expected));
});
