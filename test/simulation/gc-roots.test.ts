import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cases, LIMIT_MS, SEED } from '../support/cases.js';
import { comeToRest, happen, leftOver, type Action, type Happening } from '../support/gc/history.js';
import { createGcModel, type GcModel } from '../support/gc/model.js';
import { createWorld, HOUR } from '../support/gc/world.js';

const RUNS = cases(1_500, 30_000);

const WEIGHTS: Readonly<Record<Action, number>> = {
  spec: 5,
  unspec: 1,
  remove: 3,
  hide: 2,
  unhide: 1,
  flip: 6,
  fly: 3,
  land: 3,
  prewarm: 1,
  halfFlip: 1,
  start: 6,
  stop: 2,
  loseContainer: 4,
  build: 3,
  buildOn: 4,
  buildWhole: 6,
  unlink: 2,
  run: 5,
  end: 3,
  pass: 8,
  gcStep: 20,
  gcRun: 8,
  kill: 1,
  killWithin: 1,
  loseKeeper: 1,
  orphanCollects: 2,
};
const ACTIONS_BY_WEIGHT = (Object.keys(WEIGHTS) as Action[]).flatMap((what) => Array<Action>(WEIGHTS[what]).fill(what));

const happening: fc.Arbitrary<Happening> = fc.record(
  { what: fc.constantFrom(...ACTIONS_BY_WEIGHT), who: fc.constantFrom(0, 0, 0, 1, 1, 2, 3), which: fc.nat(63) },
  { noNullPrototype: true },
);
const settings = fc.record({
  skew: fc.constantFrom(0, 0, -2 * HOUR, 2 * HOUR, 420_000),
  retainMs: fc.constantFrom(HOUR, HOUR, HOUR, 0),
  maxBytes: fc.constantFrom(null, null, null, 4, 7),
});
const [ALICE, GUEST] = [0, 3];
/** Both are made as `./result`. */
const [OUT, OTHER_OUT] = [4, 10];
/** Three hours. */
const LONG = 63;
const a = (what: Action, which = 0, who = ALICE): Happening => ({ what, who, which });
/** Somebody is there already, or most of a history would be about nothing. */
const OPENING = [a('spec'), a('flip'), a('start')];
const steps = (count: number) => Array<Happening>(count).fill(a('gcStep'));

/** The least that shows each: a collection once lost something in it. */
const SHOWS: Readonly<Record<string, readonly Happening[]>> = {
  'container lost during the looks': [a('buildWhole', OUT), a('gcStep'), a('loseContainer'), a('gcRun')],
  'run roots of a killed run dropped': [
    a('run', OUT + 1),
    ...steps(7),
    a('killWithin', 1),
    a('gcStep'),
    a('gcStep'),
    a('orphanCollects'),
  ],
  'switch after a cut one': [a('halfFlip', 1), a('pass', LONG), a('flip', 1), a('gcRun')],
  'gone since before it went': [
    a('gcStep'),
    a('pass', LONG),
    ...steps(3),
    a('unspec'),
    ...steps(2),
    a('loseContainer'),
    a('gcRun'),
    a('gcRun'),
  ],
  'started after the looks, removed before the plan': [
    a('remove', 1),
    a('gcStep'),
    a('spec'),
    ...steps(5),
    a('start'),
    a('unspec'),
    a('gcRun'),
  ],
  'guest named as a workspace': [
    a('buildWhole', OUT),
    a('start', 0, GUEST),
    a('buildWhole', OTHER_OUT, GUEST),
    a('gcRun'),
  ],
};

const worldOf = (fault: string) =>
  createWorld({
    skew: 0,
    retainMs: fault === 'started after the looks, removed before the plan' ? 0 : HOUR,
    maxBytes: null,
  });

async function wrongAfter(history: readonly Happening[], model: GcModel): Promise<string[]> {
  await play(model, history);
  if (model.faults().length === 0) await comeToRest(model);
  return [...model.faults(), ...leftOver(model).map((path) => `${path} is left, and nothing uses it`)];
}

async function play(model: GcModel, history: readonly Happening[]): Promise<void> {
  for (const one of [...OPENING, ...history]) {
    await happen(model, one);
    if (model.faults().length > 0) return;
  }
}

describe('the roots of a cache, whatever its users do while it is collected', () => {
  it(
    `keeps all that is in use, and in the end nothing else (${RUNS} histories)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(settings, fc.array(happening, { maxLength: 60, size: 'max' }), async (given, history) => {
          const wrong = await wrongAfter(history, createGcModel(createWorld(given)));
          if (wrong.length > 0) throw new Error(wrong.join('\n'));
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
    LIMIT_MS,
  );

  it.each(Object.keys(SHOWS))('%s', async (what) => {
    expect(await wrongAfter(SHOWS[what] ?? [], createGcModel(worldOf(what)))).toEqual([]);
  });
});
