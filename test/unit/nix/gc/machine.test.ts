import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  firstGcState,
  GC_STATES,
  gcDiagram,
  nextGcState,
  type GcEvent,
  type GcState,
} from '../../../../controller/nix/gc/machine.js';

const EVENTS = ['DONE', 'RISK', 'FAILED'] as const;
const FINAL: readonly GcState[] = ['succeeded', 'failed', 'aborted'];
const BEFORE: readonly GcState[] = [
  'listing',
  'restoring',
  'linking',
  'preparing',
  'gating',
  'freezing',
  'scanning',
  'expiring',
];

/** What follows on DONE, RISK and FAILED; `-`: it means nothing there. After `|` what is otherwise in a dry run. */
const TABLE: Readonly<Record<GcState, string>> = {
  listing: 'restoring - aborting',
  restoring: 'linking - aborting',
  linking: 'preparing - aborting',
  preparing: 'gating - aborting',
  gating: 'freezing - aborting',
  freezing: 'scanning - aborting',
  scanning: 'expiring - aborting | collecting - aborting',
  expiring: 'collecting - aborting',
  collecting: 'verifying aborting mending | releasing aborting aborting',
  verifying: 'releasing - failing',
  mending: 'failing - failing',
  releasing: 'succeeded - failed',
  failing: 'failed - failed',
  aborting: 'aborted - aborted',
  succeeded: '- - -',
  failed: '- - -',
  aborted: '- - -',
};

const rowOf = (state: GcState, dryRun: boolean) =>
  EVENTS.map((type) => nextGcState(state, { type }, { dryRun }))
    .map((next) => (next === state ? '-' : next))
    .join(' ');

/** All states from `state` to the end when every step tells the same. */
function wayFrom(state: GcState, type: GcEvent['type'], dryRun: boolean): GcState[] {
  const way = [state];
  while (!FINAL.includes(way.at(-1)!) && way.length <= GC_STATES.length)
    way.push(nextGcState(way.at(-1)!, { type }, { dryRun }));
  return way;
}

describe('the states of a collection', () => {
  it.each(GC_STATES)('%s', (state) => {
    const [run, dry] = [rowOf(state, false), rowOf(state, true)];
    expect(run === dry ? run : `${run} | ${dry}`).toBe(TABLE[state]);
  });

  it('goes through all of them when every step succeeds', () => {
    expect(wayFrom(firstGcState({ dryRun: false }), 'DONE', false)).toEqual([
      ...BEFORE,
      'collecting',
      'verifying',
      'releasing',
      'succeeded',
    ]);
  });

  it('changes no root in a dry run but those of its own', () => {
    expect(wayFrom(firstGcState({ dryRun: true }), 'DONE', true)).toEqual([
      ...BEFORE.slice(0, -1),
      'collecting',
      'releasing',
      'succeeded',
    ]);
  });

  const both = [false, true];
  it.each(BEFORE.flatMap((state) => both.map((dryRun) => [state, dryRun] as const)))(
    'a failure in %s ends as aborted (dry run: %s)',
    (state, dryRun) => {
      expect(wayFrom(state, 'FAILED', dryRun)).toEqual([state, 'aborting', 'aborted']);
    },
  );

  it('looks at what is live after a collection that failed, and does not in a dry run', () => {
    expect(both.map((dryRun) => wayFrom('collecting', 'FAILED', dryRun))).toEqual([
      ['collecting', 'mending', 'failing', 'failed'],
      ['collecting', 'aborting', 'aborted'],
    ]);
  });

  it.each(
    GC_STATES.flatMap((state) =>
      both.flatMap((dryRun) => (['DONE', 'FAILED'] as const).map((type) => [state, type, dryRun] as const)),
    ),
  )('%s ends when every step tells %s (dry run: %s)', (state, type, dryRun) => {
    expect(FINAL).toContain(wayFrom(state, type, dryRun).at(-1));
  });

  it('is in docs/caches.md as it is here', () => {
    const blocks = [
      ...readFileSync(new URL('../../../../docs/caches.md', import.meta.url), 'utf8').matchAll(
        /^```mermaid\n(stateDiagram-v2\n.*?)\n```$/gms,
      ),
    ];
    expect(blocks.map(([, text]) => text)).toContain(gcDiagram());
  });
});
