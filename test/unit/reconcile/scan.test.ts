import { describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { list } from '../../../controller/reconcile/list.js';
import { scan } from '../../../controller/reconcile/scan.js';
import { container } from '../plan/samples.js';
import { NOW, openLoop, snapshotOf, taken } from './open-loop.js';

const broken = { location: { source: 's', file: 'a.json', line: 1, column: 1 }, workspace: 'a', message: 'broken' };

/** Two scans of one loop, the second one a second later; gives what the second reports and queues. */
async function secondScan(first: DesiredSnapshot, second: DesiredSnapshot, changedCaches: readonly string[] = []) {
  let snapshot = first;
  const running = [...first.workspaces.values()].map((desired) => container(desired, { id: desired.name }));
  const caches = { update: () => (snapshot === second ? changedCaches : []) };
  const open = openLoop({ snapshot: () => snapshot, engine: () => running, caches });
  await scan(open.loop);
  await list(open.loop, false, 'start');
  await taken(open.loop.queue);
  open.reports();
  open.clock.advance(1_000);
  snapshot = second;
  await scan(open.loop);
  return { reports: open.reports(), keys: await taken(open.loop.queue), loop: open.loop };
}

describe('a scan', () => {
  const ab = snapshotOf(['a', 'b']);
  const a = ab.workspaces.get('a')!;
  const changedTo = (change: Partial<typeof a>) => ({
    ...ab,
    workspaces: new Map([...ab.workspaces, ['a', { ...a, ...change }]]),
  });

  it.each<[string, Parameters<typeof secondScan>, readonly string[]]>([
    ['that finds the same queues nothing', [ab, ab], []],
    ['queues a spec that changed', [ab, changedTo({ specHash: 'v2:other' })], ['#shared spec', 'a spec']],
    ['queues a spec that is new', [snapshotOf(['b']), ab], ['#shared spec', 'a spec']],
    ['queues a cache that changed', [ab, ab, ['team']], ['#cache:team spec']],
    [
      'queues the removal of a spec that is gone',
      [ab, snapshotOf(['b'], { removed: new Map([['a', { reclaimPolicy: 'Retain' }]]) })],
      ['a removed', '#shared spec'],
    ],
    ['queues a secret that cannot be read', [ab, changedTo({ secretsReadable: false })], ['#shared spec', 'a spec']],
  ])('%s', async (_what, given, keys) => expect((await secondScan(...given)).keys).toEqual(keys));

  it('reports a name that only a broken spec claims', async () => {
    const claimed = { ...ab, claimed: new Set(['c']), problems: [{ ...broken, workspace: 'c' }] };
    expect((await secondScan(ab, claimed)).reports).toContain('report c failing');
  });

  it('keeps the queue closed until the engine was listed as well', async () => {
    const { loop } = openLoop({ snapshot: () => ab });
    await scan(loop);
    loop.queue.add('a', 'test');
    let isTaken = false;
    void loop.queue.take().then(() => (isTaken = true));
    await Promise.resolve();
    expect(isTaken).toBe(false);
    await list(loop, false, 'start');
    await Promise.resolve();
    expect([isTaken, loop.inputState.lastScanAt]).toEqual([true, NOW]);
  });

  it('changes nothing when the loop ended meanwhile', async () => {
    const { loop, abort, reports } = openLoop({ snapshot: () => (abort(), ab) });
    await scan(loop);
    expect([loop.inputState.lastScanAt, loop.state.desired.workspaces.size, reports()]).toEqual([null, 0, []]);
  });
});
