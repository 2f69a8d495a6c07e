import { describe, expect, it } from '@jest/globals';
import type { DesiredSnapshot } from '../../../controller/model/desired.js';
import type { Rollout } from '../../../controller/model/git.js';
import type { Verdict } from '../../../controller/model/status.js';
import { createRollouts } from '../../../controller/status/rollouts.js';
import { createStatusStore } from '../../../controller/status/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sampleReport } from './samples.js';

const SOURCE = 'git:team';
type Wanted = Pick<DesiredSnapshot, 'complete' | 'revisions' | 'workspaces' | 'absent' | 'removed'>;

function open() {
  const clock = createManualClock();
  const store = createStatusStore({ now: clock.now });
  const told: string[] = [];
  const changed = new Set<string>();
  const isChanged = (before: object | undefined, { name }: { readonly name: string }) =>
    before === undefined || changed.has(name);
  const rollouts = createRollouts({
    workspace: store.get,
    cache: store.cache,
    clock,
    isChanged,
    onChange: ({ revision, state, message }: Rollout) => void told.push(`${revision} ${state}: ${message}`),
  });
  store.subscribe(rollouts.changed);

  /** The sources want these, of this revision. */
  function want(
    revision: string,
    names: readonly string[],
    problems: readonly string[] = [],
    {
      complete = true,
      absent = [],
      removed = [],
    }: { complete?: boolean; absent?: readonly string[]; removed?: readonly string[] } = {},
  ) {
    const workspaces = new Map(
      names.map((name) => [
        name,
        {
          name,
          location: { source: SOURCE, file: `${name}.json`, line: 1, column: 1 },
          problem: problems.includes(name) ? { message: 'broken' } : null,
        },
      ]),
    );
    rollouts.scanned({
      complete,
      revisions: new Map([[SOURCE, revision]]),
      workspaces,
      absent: new Set(absent),
      removed: new Map(removed.map((name) => [name, {}])),
    } as unknown as Wanted);
    clock.advance(100);
  }

  return {
    told,
    want,
    /** As `want`, with other specs for these. */
    change(revision: string, names: readonly string[]) {
      for (const name of names) changed.add(name);
      want(revision, names);
      changed.clear();
    },
    see(name: string, revision: string, verdict: Verdict = { kind: 'ready' }) {
      const spec = {
        hash: `v1:${revision}`,
        location: { source: SOURCE, file: `${name}.json`, line: 1, column: 1 },
        problem: null,
        revision,
      };
      store.report(
        sampleReport(verdict, {
          name,
          cache: null,
          spec: verdict.kind === 'held' || verdict.kind === 'removed' ? null : spec,
        }),
      );
      rollouts.reported(name);
      clock.advance(100);
    },
    revise(name: string, from: string, to: string) {
      store.revise(name, from, to);
      clock.advance(100);
    },
    revisionOf: (name: string) => store.get(name)?.revision ?? null,
  };
}

const busy: Verdict = { kind: 'progressing', message: 'at work', replacing: true };
const stuck: Verdict = {
  kind: 'failing',
  failure: { reason: 'ImageMissing', message: 'no such image' },
  serving: true,
};

describe('a rollout', () => {
  it('has succeeded when all its workspaces have converged to its revision, not before', () => {
    const { told, want, see } = open();
    want('r1', ['a', 'b']);
    see('a', 'r1');
    see('b', 'r1', busy);
    expect(told).toEqual(['r1 progressing: 0 of 2 workspaces converged']);
    see('b', 'r1');
    expect(told).toEqual(['r1 progressing: 0 of 2 workspaces converged', 'r1 succeeded: 2 workspaces converged']);
  });

  it('does not take a workspace that ran before for one that runs the new revision', () => {
    const { told, want, see, revisionOf } = open();
    want('r1', ['a']);
    see('a', 'r1');
    want('r2', ['a']);
    see('a', 'r2', busy);
    expect([revisionOf('a'), told.at(-1)]).toEqual(['r1', 'r2 progressing: 0 of 1 workspace converged']);
    see('a', 'r2');
    expect([revisionOf('a'), told.at(-1)]).toEqual(['r2', 'r2 succeeded: 1 workspace converged']);
  });

  it('moves a workspace that a commit left alone, but only from the revision before', () => {
    const { told, want, see, revise, revisionOf } = open();
    want('r1', ['a', 'b']);
    see('a', 'r1');
    see('b', 'r1', busy);
    want('r2', ['a', 'b']);
    revise('a', 'r1', 'r2');
    revise('b', 'r1', 'r2');
    expect([revisionOf('a'), revisionOf('b')]).toEqual(['r2', null]);
    expect(told.at(-1)).toBe('r2 progressing: 0 of 2 workspaces converged');
  });

  it('has failed when a workspace waits for a person, and succeeds when that is mended', () => {
    const { told, want, see } = open();
    want('r1', ['a', 'b']);
    see('a', 'r1');
    see('b', 'r1', stuck);
    expect(told.at(-1)).toMatch(/^r1 failed: b: no such image/);
    see('b', 'r1');
    expect(told.at(-1)).toBe('r1 succeeded: 2 workspaces converged');
  });

  it('is not failed for what its workspace was before it, and is when that lasts', () => {
    const { told, want, change, see } = open();
    want('r1', ['a']);
    see('a', 'r1', stuck);
    change('r2', ['a']);
    expect(told.at(-1)).toBe('r2 progressing: 0 of 1 workspace converged');
    see('a', 'r2', stuck);
    expect(told.at(-1)).toMatch(/^r2 failed: a: no such image/);
    want('r3', ['a']);
    expect(told.at(-1)).toMatch(/^r3 failed: a: no such image/);
  });

  it('has failed when a spec of it is not in force', () => {
    const { told, want } = open();
    want('r1', ['a'], ['a']);
    expect(told).toEqual(['r1 failed: a: it is not there']);
  });

  it('is not undone by what happens to a workspace later', () => {
    const { told, want, see } = open();
    want('r1', ['a']);
    see('a', 'r1');
    see('a', 'r1', stuck);
    see('a', 'r1', busy);
    expect(told.at(-1)).toBe('r1 succeeded: 1 workspace converged');
  });

  it('has not succeeded while something is there that its revision has no longer', () => {
    const { told, want, see } = open();
    want('r1', ['a', 'b']);
    see('a', 'r1');
    see('b', 'r1', stuck);
    want('r2', ['a', 'b'], [], { absent: ['b'] });
    see('a', 'r2');
    want('r2', ['a'], [], { removed: ['b'] });
    expect(told.at(-1)).toBe('r2 progressing: 0 of 1 workspace converged');
    see('b', 'r2', { kind: 'removed' });
    expect(told.at(-1)).toBe('r2 succeeded: 1 workspace converged');
  });

  it.each<[string, Parameters<ReturnType<typeof open>['want']>[3], Verdict]>([
    [
      'a person',
      { removed: ['b'] },
      { kind: 'held', failure: { reason: 'DeletionHeld', message: 'many are gone at once' } },
    ],
    ['a source that cannot be read', { complete: false, absent: ['b'] }, { kind: 'ready' }],
  ])('does not wait for a removal that waits for %s', (_, gone, verdict) => {
    const { told, want, see } = open();
    want('r1', ['a', 'b']);
    see('a', 'r1');
    see('b', 'r1');
    want('r2', gone?.complete === false ? ['a', 'b'] : ['a'], [], gone);
    see('a', 'r2');
    see('b', 'r1', verdict);
    expect(told.at(-1)).toBe('r2 succeeded: 1 workspace converged');
  });
});
