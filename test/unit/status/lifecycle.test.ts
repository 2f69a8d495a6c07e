import { describe, expect, it } from '@jest/globals';
import { PHASES, type Phase, type Verdict } from '../../../controller/model/status.js';
import { nextPhase } from '../../../controller/status/lifecycle.js';
import { failing } from './samples.js';

const held: Verdict = { kind: 'held', failure: { reason: 'DeletionHeld', message: 'held' } };
const progressing = (replacing: boolean): Verdict => ({ kind: 'progressing', message: 'creating', replacing });
const phases: readonly (Phase | null)[] = [null, ...PHASES];

/** For each verdict the phase that follows, and the phases from which another one follows. */
const table: readonly [string, Verdict, Phase, Partial<Record<Phase, Phase>>][] = [
  ['ready', { kind: 'ready' }, 'Ready', {}],
  ['stopped', { kind: 'stopped' }, 'Stopped', {}],
  ['progressing', progressing(false), 'Starting', { Ready: 'Degraded', Degraded: 'Degraded' }],
  ['replacing', progressing(true), 'Replacing', {}],
  [
    'failing transient',
    failing('ImagePullFailed'),
    'Waiting',
    { Ready: 'Degraded', Degraded: 'Degraded', Replacing: 'Degraded' },
  ],
  ['failing transient, serving', failing('ImagePullFailed', true), 'Degraded', {}],
  [
    'failing while the health check has not answered',
    failing('Starting'),
    'Starting',
    { Ready: 'Degraded', Degraded: 'Degraded' },
  ],
  ['failing waiting', failing('PortConflict'), 'Waiting', {}],
  ['failing waiting, serving', failing('PortConflict', true), 'Degraded', {}],
  ['failing stalled', failing('StartFailed'), 'Stalled', {}],
  ['failing stalled, serving', failing('ReplacementFailed', true), 'Degraded', {}],
  ['held', held, 'Held', {}],
  ['removing', { kind: 'removing' }, 'Removing', {}],
  ['removed', { kind: 'removed' }, 'Removing', {}],
];

describe('nextPhase', () => {
  const cases = table.flatMap(([verdictName, verdict, usual, exceptions]) =>
    phases.map((phase) => ({
      phase,
      verdictName,
      verdict,
      next: phase === null ? usual : (exceptions[phase] ?? usual),
    })),
  );
  it.each(cases)('$phase, $verdictName -> $next', ({ phase, verdict, next }) => {
    expect(nextPhase(phase, verdict)).toBe(next);
  });

  it('never gives Pending: that is what a workspace is before the first look', () => {
    const reached = new Set(cases.map(({ phase, verdict }) => nextPhase(phase, verdict)));
    expect([...reached].sort()).toEqual(PHASES.filter((phase) => phase !== 'Pending').sort());
  });
});
