import { initialTransition, setup, transition } from 'xstate';

/**
 * `DONE`: the step did what it says. `RISK`: Nix would delete what is in use. `FAILED`: anything else, the deadline
 * included.
 */
export type GcEvent = { readonly type: 'DONE' | 'FAILED' | 'RISK' };

export interface GcContext {
  readonly dryRun: boolean;
}

const finished = { type: 'final' } as const;

/**
 * One run of the collector. Before `collecting` a failure deletes nothing; from there on the shared lock is taken again
 * by the keeper itself, and what is live is looked at whatever happened.
 * Used through pure transitions only: no actor runs and no snapshot is kept (trap xstate-1).
 */
const machine = setup({
  types: {} as { context: GcContext; input: GcContext; events: GcEvent },
  guards: { dryRun: ({ context }) => context.dryRun },
}).createMachine({
  id: 'gc',
  context: ({ input }) => input,
  initial: 'listing',
  states: {
    /** The roots in the store, and every container in any state that mounts it. */
    listing: { on: { DONE: 'restoring', FAILED: 'aborting' } },
    /** A workspace without its profile gets it again, or nothing is collected. */
    restoring: { on: { DONE: 'linking', FAILED: 'aborting' } },
    /** Users' links, as their containers show them, become roots. */
    linking: { on: { DONE: 'preparing', FAILED: 'aborting' } },
    /** The scanner starts, which takes longer than its look. */
    preparing: { on: { DONE: 'gating', FAILED: 'aborting' } },
    /** Realisations under way end, new ones wait. */
    gating: { on: { DONE: 'freezing', FAILED: 'aborting' } },
    /** The daemon stands still; links made meanwhile become roots too. */
    freezing: { on: { DONE: 'scanning', FAILED: 'aborting' } },
    /** What running processes use becomes a root for this run. */
    scanning: { on: { DONE: [{ guard: 'dryRun', target: 'collecting' }, { target: 'expiring' }], FAILED: 'aborting' } },
    /** Roots older than `retain`, and the longest unused over `maxBytes`, are let go of. */
    expiring: { on: { DONE: 'collecting', FAILED: 'aborting' } },
    /**
     * The lock is let go of, the dead are listed and compared with the living, Nix deletes, the lock is taken again.
     */
    collecting: {
      on: {
        DONE: [{ guard: 'dryRun', target: 'releasing' }, { target: 'verifying' }],
        RISK: 'aborting',
        FAILED: [{ guard: 'dryRun', target: 'aborting' }, { target: 'mending' }],
      },
    },
    /** Every closure in use is whole. */
    verifying: { on: { DONE: 'releasing', FAILED: 'failing' } },
    /** The same after a collection that was cut short. */
    mending: { on: { DONE: 'failing', FAILED: 'failing' } },
    /** The run's own roots and helpers go. */
    releasing: { on: { DONE: 'succeeded', FAILED: 'failed' } },
    failing: { on: { DONE: 'failed', FAILED: 'failed' } },
    aborting: { on: { DONE: 'aborted', FAILED: 'aborted' } },
    succeeded: finished,
    failed: finished,
    aborted: finished,
  },
});

export type GcState = (typeof GC_STATES)[number];

export const GC_STATES = [
  'listing',
  'restoring',
  'linking',
  'preparing',
  'gating',
  'freezing',
  'scanning',
  'expiring',
  'collecting',
  'verifying',
  'mending',
  'releasing',
  'failing',
  'aborting',
  'succeeded',
  'failed',
  'aborted',
] as const;

/** The state in which a collection with this context begins. */
export function firstGcState(context: GcContext): GcState {
  return initialTransition(machine, context)[0].value;
}

/** The state after `event` in `state`; an event that means nothing there changes nothing. */
export function nextGcState(state: GcState, event: GcEvent, context: GcContext): GcState {
  const current = machine.resolveState({ value: state, context });
  return transition(machine, current, event)[0].value;
}

/** The machine as a Mermaid diagram, for docs/caches.md. */
export function gcDiagram(): string {
  const edges = GC_STATES.flatMap((state) => {
    const rows = (['DONE', 'RISK', 'FAILED'] as const).flatMap((type) =>
      [false, true].map((dryRun) => ({ type, dryRun, to: nextGcState(state, { type }, { dryRun }) })),
    );
    const told = rows.filter(({ to }) => to !== state);
    return told.flatMap(({ type, dryRun, to }) => {
      const isSame = told.some((other) => other.type === type && other.dryRun !== dryRun && other.to === to);
      if (isSame && dryRun) return [];
      return [`  ${state} --> ${to}: ${type}${isSame ? '' : dryRun ? ' (dry run)' : ' (no dry run)'}`];
    });
  });
  const ends = GC_STATES.filter((state) => !edges.some((edge) => edge.startsWith(`  ${state} `)));
  return [
    'stateDiagram-v2',
    `  [*] --> ${firstGcState({ dryRun: false })}`,
    ...edges,
    ...ends.map((state) => `  ${state} --> [*]`),
  ].join('\n');
}
