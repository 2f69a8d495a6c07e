import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CommitState } from '../../../controller/model/git.js';
import type { Notified } from '../../../controller/model/notified.js';
import { createCommitStatuses, MAX_REVISIONS } from '../../../controller/notify/commit-statuses.js';
import { MAX_ATTEMPTS } from '../../../controller/notify/delivery.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createRandom } from '../../support/sim/random.js';

/**
 * What becomes of one attempt. `lost`, `late`: the host takes the state, and the answer goes missing or does not come
 * in time.
 */
const FATES = ['taken', 'taken', 'refused', 'failed', 'unreachable', 'lost', 'silent', 'late'] as const;
type Fate = (typeof FATES)[number];

type Step =
  | { readonly kind: 'set'; readonly state: CommitState }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'breathe' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    state: fc.record({
      revision: fc.constantFrom('aaa', 'bbb', 'ccc'),
      state: fc.constantFrom('pending' as const, 'success' as const, 'failure' as const),
      description: fc.constantFrom('', 'x'),
    }),
  }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  fc.constant({ kind: 'breathe' as const }),
);

/** A host in memory: what it shows, by revision, and the attempts that it has taken. */
function createHost(fates: readonly Fate[]) {
  const shown = new Map<string, string>();
  /** Each attempt, as `shown` would have it. */
  const asks: (readonly [string, string])[] = [];
  let asked = 0;
  let underWay = 0;
  let most = 0;
  const answer = (fate: Fate, take: () => void, signal: AbortSignal): Promise<Response> => {
    if (fate === 'taken' || fate === 'lost' || fate === 'late') take();
    if (fate === 'unreachable' || fate === 'lost') return Promise.reject(new TypeError('fetch failed'));
    if (fate === 'silent' || fate === 'late')
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    return Promise.resolve(new Response('{}', { status: fate === 'taken' ? 201 : fate === 'refused' ? 422 : 503 }));
  };
  const post: typeof fetch = async (address, init) => {
    const revision = String(address).split('/').at(-1) ?? '';
    const { state, description } = JSON.parse(init?.body as string) as CommitState;
    const ask = [revision, `${state} ${description}`] as const;
    asks.push(ask);
    const take = () => void shown.set(...ask);
    most = Math.max(most, (underWay += 1));
    try {
      return await answer(fates[asked++] ?? 'taken', take, init?.signal as AbortSignal);
    } finally {
      underWay -= 1;
    }
  };
  return { post, shown, asks, most: () => most };
}

function textOf(state: CommitState | undefined): string {
  return `${state?.state} ${state?.description}`;
}

function open(fates: readonly Fate[], signal = new AbortController().signal) {
  const host = createHost(fates);
  const clock = createManualClock(0);
  const told: Notified[] = [];
  const statuses = createCommitStatuses({
    provider: 'gitea',
    api: 'https://git.example/api/v1',
    repository: 'team/specs',
    context: 'kalpana/team',
    token: () => Promise.resolve('word'),
    clock,
    random: createRandom(fates.length),
    signal,
    fetch: host.post,
    onResult: (facts) => void told.push(facts),
  });
  const breathe = () => new Promise(setImmediate);
  async function settle(): Promise<void> {
    for (await breathe(); !statuses.idle(); await breathe()) clock.advance(30_000);
  }
  return { host, clock, told, statuses, breathe, settle };
}

it('whatever comes between, the host shows of each commit what was set last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.array(fc.constantFrom(...FATES), { maxLength: 25 }),
      async (steps, fates) => {
        const { host, clock, told, statuses, breathe, settle } = open(fates);
        const last = new Map<string, CommitState>();
        let known = 0;
        /** What was asked since the last look was the newest that there was. */
        const expectNewest = () => {
          for (const [revision, text] of host.asks.slice(known)) expect(text).toBe(textOf(last.get(revision)));
          known = host.asks.length;
        };
        for (const one of steps) {
          if (one.kind === 'set') {
            statuses.set(one.state);
            last.set(one.state.revision, one.state);
            continue;
          }
          if (one.kind === 'wait') clock.advance(one.seconds * 1000);
          await breathe();
          expectNewest();
        }
        await settle();
        // What was refused, or given up, is sent when it is set again.
        const dropped = () => told.filter(({ result }) => result === 'dropped').length;
        for (let before = -1; before < dropped();) {
          before = dropped();
          for (const state of last.values()) statuses.set(state);
          await settle();
        }
        expectNewest();
        expect(Object.fromEntries(host.shown)).toEqual(
          Object.fromEntries([...last].map(([revision, state]) => [revision, textOf(state)])),
        );
        expect(host.most()).toBeLessThanOrEqual(1);

        for (const state of last.values()) statuses.set(state);
        await settle();
        expect(host.asks).toHaveLength(known);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

it('one commit that is given up does not keep the others', async () => {
  const { host, told, statuses, settle } = open(Array<Fate>(MAX_ATTEMPTS).fill('failed'));
  statuses.set({ revision: 'aaa', state: 'success', description: '' });
  statuses.set({ revision: 'bbb', state: 'success', description: '' });
  await settle();
  expect([...host.shown.keys()]).toEqual(['bbb']);
  expect(told.map(({ result }) => result)).toEqual([
    ...Array<string>(MAX_ATTEMPTS - 1).fill('retried'),
    'dropped',
    'delivered',
  ]);
});

it('what goes back while the last attempt may have been taken is sent', async () => {
  const { host, clock, statuses, breathe, settle } = open([
    'taken',
    ...Array<Fate>(MAX_ATTEMPTS - 1).fill('failed'),
    'late',
  ]);
  const pending: CommitState = { revision: 'aaa', state: 'pending', description: '' };
  statuses.set(pending);
  await settle();
  statuses.set({ ...pending, state: 'success' });
  for (await breathe(); host.asks.length <= MAX_ATTEMPTS; await breathe()) clock.advance(120_000);
  expect(host.shown.get('aaa')).toBe('success ');
  statuses.set(pending);
  await settle();
  expect(host.shown.get('aaa')).toBe('pending ');
});

it('leaves out the oldest of too many commits, and not the one that is under way', async () => {
  const { host, told, statuses, breathe, settle } = open(['silent']);
  const set = (index: number) => statuses.set({ revision: `r${index}`, state: 'pending', description: '' });
  set(0);
  await breathe();
  for (let index = 1; index <= MAX_REVISIONS; index += 1) set(index);
  expect(told.map(({ result }) => result)).toEqual(['dropped']);
  await settle();
  expect([...host.shown.keys()]).toEqual([
    'r0',
    ...Array.from({ length: MAX_REVISIONS - 1 }, (_none, index) => `r${index + 2}`),
  ]);
});
