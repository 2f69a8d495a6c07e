import { describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import { LABEL } from '../../../controller/model/names.js';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import type { EngineView } from '../../../controller/observe/engine-view.js';
import { wakesOf } from '../../../controller/reconcile/wakes.js';
import { ABSENCE_MS } from '../../../controller/source/presence.js';
import { decideRemovals, type RemovalLedger } from '../../../controller/reconcile/removals.js';
import { createState, type ControllerState } from '../../../controller/reconcile/state.js';
import { desiredWorkspace } from '../../support/sim/specs.js';
import { container } from '../plan/samples.js';
import { noCaches } from '../../support/sim/no-caches.js';

function viewOf(names: readonly string[], labels: Record<string, string> = {}): EngineView {
  const containers = new Map<string, ObservedContainer>(
    names.map((name) => {
      const one = container(desiredWorkspace(name, { image: 'app:1' }), { id: name });
      return [name, { ...one, labels: { ...one.labels, ...labels } }];
    }),
  );
  return { containers } as Partial<EngineView> as EngineView;
}

function snapshot(
  wanted: readonly string[],
  removed: Readonly<Record<string, 'Retain' | 'Delete'>> = {},
  more: Partial<DesiredSnapshot> = {},
): DesiredSnapshot {
  return {
    complete: true,
    workspaces: new Map(wanted.map((name) => [name, desiredWorkspace(name, { image: 'app:1' })])),
    claimed: new Set(),
    absent: new Set(),
    caches: new Map(),
    removed: new Map(Object.entries(removed).map(([name, reclaimPolicy]) => [name, { reclaimPolicy }])),
    problems: [],
    revisions: new Map(),
    ...more,
  };
}

interface Look {
  readonly view: EngineView;
  readonly desired: DesiredSnapshot;
  readonly now?: number;
  readonly approve?: readonly string[];
}

/** Decides look by look with one ledger; gives the last state. */
function decide(
  looks: readonly Look[],
  allowPrune = false,
  heldBefore: readonly string[] = [],
): { removals: string[]; held: string[]; unsure: boolean } {
  const state: ControllerState = createState(noCaches);
  state.held = new Set(heldBefore);
  const ledger: RemovalLedger = { approved: new Set(), orphanSince: new Map() };
  let unsure = false;
  for (const { view, desired, now = 0, approve = [] } of looks) {
    state.desired = desired;
    for (const name of approve) ledger.approved.add(name);
    unsure = decideRemovals(state, view, ledger, { instance: 'default', allowPrune, now });
  }
  return { removals: [...state.removals].map(([name, policy]) => `${name} ${policy}`), held: [...state.held], unsure };
}

const abc = viewOf(['a', 'b', 'c']);
const NOTHING = { removals: [], held: [], unsure: false };

describe('which removals may go ahead (laws 2 and 4)', () => {
  it.each<[string, readonly Look[], Partial<ReturnType<typeof decide>>]>([
    [
      'a spec that is gone',
      [{ view: abc, desired: snapshot(['b', 'c'], { a: 'Delete' }) }],
      { removals: ['a Delete'] },
    ],
    ['an orphan seen once', [{ view: abc, desired: snapshot(['b', 'c']) }], { unsure: true }],
    [
      'an orphan seen twice, apart: nobody knows its policy',
      [
        { view: abc, desired: snapshot(['b', 'c']) },
        { view: abc, desired: snapshot(['b', 'c']), now: 600 },
      ],
      { removals: ['a null'] },
    ],
    [
      'an orphan seen twice at once',
      [
        { view: abc, desired: snapshot(['b', 'c']) },
        { view: abc, desired: snapshot(['b', 'c']), now: 100 },
      ],
      { unsure: true },
    ],
    [
      'an incomplete snapshot',
      [{ view: abc, desired: snapshot(['b', 'c'], { a: 'Delete' }, { complete: false }) }],
      {},
    ],
    [
      'an orphan, with an incomplete snapshot in between',
      [
        { view: abc, desired: snapshot(['b', 'c']) },
        { view: abc, desired: snapshot([], {}, { complete: false }), now: 300 },
        { view: abc, desired: snapshot(['b', 'c']), now: 600 },
      ],
      { unsure: true },
    ],
    [
      'a name that a broken spec claims',
      [
        { view: abc, desired: snapshot(['b', 'c'], {}, { claimed: new Set(['a']) }) },
        { view: abc, desired: snapshot(['b', 'c'], {}, { claimed: new Set(['a']) }), now: 600 },
      ],
      {},
    ],
    [
      'another instance',
      [
        { view: viewOf(['a', 'b', 'c'], { [LABEL.controller]: 'other' }), desired: snapshot([]) },
        { view: viewOf(['a', 'b', 'c'], { [LABEL.controller]: 'other' }), desired: snapshot([]), now: 600 },
      ],
      {},
    ],
    [
      'all at once',
      [{ view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }) }],
      { held: ['a', 'b'] },
    ],
    [
      'all at once, then one confirmed: the other waits for its own',
      [
        { view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }) },
        { view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }), approve: ['a'] },
      ],
      { removals: ['a Retain'], held: ['b'] },
    ],
    [
      'the confirmed one is gone: the other still waits',
      [
        { view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }) },
        { view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }), approve: ['a'] },
        { view: viewOf(['b']), desired: snapshot([], { b: 'Delete' }) },
      ],
      { held: ['b'] },
    ],
    [
      'held, and others came: still held',
      [
        { view: viewOf(['a', 'b']), desired: snapshot(['c', 'd'], { a: 'Retain', b: 'Retain' }) },
        { view: viewOf(['a', 'b', 'c', 'd']), desired: snapshot(['c', 'd'], { a: 'Retain', b: 'Retain' }), now: 9_000 },
      ],
      { held: ['a', 'b'] },
    ],
    [
      'held, and one spec came back',
      [
        { view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Retain' }) },
        { view: viewOf(['a', 'b']), desired: snapshot(['a'], { b: 'Retain' }) },
      ],
      { removals: ['b Retain'] },
    ],
  ])('%s', (_what, looks, expected) => expect(decide(looks)).toEqual({ ...NOTHING, ...expected }));

  it.each<[string, readonly Look[], Partial<ReturnType<typeof decide>>]>([
    [
      'not proven gone yet',
      [
        {
          view: viewOf(['a', 'b', 'c', 'd', 'e']),
          desired: snapshot(['a', 'b', 'c', 'd', 'e'], {}, { absent: new Set(['a', 'b']) }),
        },
      ],
      { held: ['a', 'b'] },
    ],
    [
      'proven gone',
      [{ view: viewOf(['a', 'b', 'c', 'd', 'e']), desired: snapshot(['c', 'd', 'e'], { a: 'Delete', b: 'Delete' }) }],
      { held: ['a', 'b'] },
    ],
    [
      'orphans',
      [
        { view: viewOf(['a', 'b', 'c', 'd', 'e']), desired: snapshot(['c', 'd', 'e']) },
        { view: viewOf(['a', 'b', 'c', 'd', 'e']), desired: snapshot(['c', 'd', 'e']), now: 600 },
      ],
      { held: ['a', 'b'] },
    ],
    ['gone from the engine as well', [{ view: viewOf(['c']), desired: snapshot(['c']) }], {}],
    ['back', [{ view: viewOf(['a', 'b', 'c']), desired: snapshot(['a', 'b', 'c']) }], {}],
  ])('held before a restart, and now %s', (_what, looks, expected) =>
    expect(decide(looks, false, ['a', 'b'])).toEqual({ ...NOTHING, ...expected }),
  );

  /** Ten specs go, one each `gapMs`; each is provably gone 500 ms after a scan first missed it. */
  function emptiedSlowly(gapMs: number): Look[] {
    const names = Array.from('abcdefghij');
    const lookAt = (now: number): Look => {
      const since = (name: string) => now - names.indexOf(name) * gapMs;
      const gone = names.filter((name) => since(name) >= ABSENCE_MS);
      const absent = new Set(names.filter((name) => since(name) >= 0 && !gone.includes(name)));
      const wanted = names.filter((name) => !gone.includes(name));
      const removed = Object.fromEntries(gone.map((name) => [name, 'Retain' as const]));
      return { view: viewOf(names), desired: snapshot(wanted, removed, { absent }), now };
    };
    const scans = Math.ceil((names.length * gapMs + ABSENCE_MS) / gapMs);
    return Array.from({ length: scans + 1 }, (_, scan) => lookAt(scan * gapMs));
  }

  it('a directory emptied file by file, scans in between, loses none and is held as one', () => {
    const looks = emptiedSlowly(250);
    const decisions = looks.map((_look, index) => decide(looks.slice(0, index + 1)));
    expect(decisions.flatMap(({ removals }) => removals)).toEqual([]);
    expect(decisions.at(-1)?.held).toEqual(Array.from('abcdefghij'));
  });

  it('a confirmed removal does not wait until it is known whether others follow', () => {
    const desired = snapshot(['b', 'c', 'd'], { a: 'Retain' }, { absent: new Set(['b']) });
    const view = viewOf(['a', 'b', 'c', 'd']);
    expect(decide([{ view, desired }]).removals).toEqual([]);
    expect(decide([{ view, desired, approve: ['a'] }]).removals).toEqual(['a Retain']);
    expect(decide([{ view, desired }], true).removals).toEqual(['a Retain']);
  });

  it('--allow-prune confirms what a run before held', () => {
    expect(
      decide([{ view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }) }], true, ['a', 'b'])
        .removals,
    ).toEqual(['a Retain', 'b Delete']);
  });

  it('--allow-prune holds nothing', () => {
    expect(decide([{ view: viewOf(['a', 'b']), desired: snapshot([], { a: 'Retain', b: 'Delete' }) }], true)).toEqual({
      ...NOTHING,
      removals: ['a Retain', 'b Delete'],
    });
  });
});

describe('what an event points at', () => {
  const containers = new Map([['id-a', container(desiredWorkspace('a', { image: 'app:1' }), { id: 'id-a' })]]);
  const none = { workspaces: [], shared: false, caches: [], waiting: false };

  it.each([
    [
      'the end of a container',
      'container',
      'die',
      { [LABEL.workspace]: 'a', name: 'workspace-a' },
      { workspaces: ['a'], waiting: true },
    ],
    [
      'its health',
      'container',
      'health_status: healthy',
      { [LABEL.workspace]: 'a', name: 'workspace-a.next' },
      { workspaces: ['a'] },
    ],
    [
      'a rename from our name',
      'container',
      'rename',
      { name: 'mine', oldName: '/workspace-a' },
      { workspaces: ['a'], waiting: true },
    ],
    ['a foreign container under our name', 'container', 'create', { name: 'workspace-b' }, { workspaces: ['b'] }],
    ['a container of nobody', 'container', 'die', { name: 'web' }, { waiting: true }],
    ['a volume that goes', 'volume', 'destroy', {}, { shared: true, waiting: true }],
    ['a volume that comes', 'volume', 'create', {}, {}],
    ['our network that goes', 'network', 'destroy', { name: 'kalpana-workspaces' }, { shared: true, waiting: true }],
    [
      'a disconnected container',
      'network',
      'disconnect',
      { name: 'kalpana-workspaces', container: 'id-a' },
      { workspaces: ['a'] },
    ],
    [
      'a disconnected container of nobody',
      'network',
      'disconnect',
      { name: 'kalpana-workspaces', container: 'id-x' },
      {},
    ],
    ['another network', 'network', 'destroy', { name: 'bridge' }, {}],
    ['an image', 'image', 'load', {}, { waiting: true }],
    ['anything else', 'other', 'reload', {}, {}],
  ] as const)('%s', (_what, type, action, attributes, wakes) => {
    const state = createState(noCaches);
    state.absentImages.add('app:1');
    expect(wakesOf({ type, action, id: 'x', attributes, time: 0 }, containers, state)).toEqual({ ...none, ...wakes });
    expect(state.absentImages.has('app:1')).toBe(type !== 'image');
  });
});
