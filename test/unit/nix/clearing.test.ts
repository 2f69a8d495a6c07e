import { describe, expect, it } from '@jest/globals';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import { createClearing, type ClearingDependencies } from '../../../controller/nix/clearing.js';
import { createManualClock } from '../../support/manual-clock.js';
import { settle } from './packages/fake-keeper.js';
import { user } from './samples.js';

const NOT_READY = { reason: 'KeeperNotReady', message: 'the keeper is not ready' } as const;
const FOREIGN = user('web');
const OWN = user('workspace-alice');
const STOPPED = { ...user('workspace-bob'), state: 'exited' as const };

interface Facts {
  readonly users?: readonly ObservedContainer[];
  readonly isCollecting?: boolean;
  readonly isBusy?: boolean;
  readonly underWay?: readonly string[];
  readonly isUnavailable?: boolean;
}

function open({ users = [], isCollecting = false, isBusy = false, underWay = [], isUnavailable = false }: Facts) {
  const clock = createManualClock(0);
  const done: string[] = [];
  let [now, isUp] = [users, true];
  const keeper = {
    listUsers: async () => now,
    unavailable: () => (isUnavailable || !isUp ? NOT_READY : null),
    commands: () => (isUp ? { requestWipe: async () => void done.push('mark') } : null),
    async stop() {
      done.push('stop');
      isUp = false;
    },
    async wipeUnheard() {
      done.push('wipe');
    },
  } as unknown as ClearingDependencies['keeper'];
  const clearing = createClearing({
    cache: 'team',
    clock,
    keeper,
    environments: { isBusy: () => isBusy, underWay: () => [...underWay] },
    workspaces: () => ['alice', 'bob'],
    onChange: () => void done.push(clearing.isUnderWay() ? 'begin' : 'end'),
    isCollecting: () => isCollecting,
    onBegin: () => void done.push('others end'),
  });
  /** Lets `ms` pass in the steps in which it looks. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 200) {
      await settle();
      clock.advance(200);
    }
    await settle();
  };
  return {
    clearing,
    done,
    pass,
    /** The workspaces' ordinary plan stops their containers, or not. */
    leave: (left: readonly ObservedContainer[]) => void (now = left),
    comeBack: () => void (isUp = true),
    lose: () => void (isUp = false),
  };
}

const said = (result: Promise<string>) =>
  result.catch((error: unknown) => `refused: ${error instanceof Error ? error.message : String(error)}`);

describe('emptying a cache', () => {
  it.each<{ what: string; facts: Facts; force?: boolean; words: string }>([
    {
      what: 'a collection is under way',
      facts: { isCollecting: true },
      words: 'the garbage of the cache team is being collected: try again afterwards',
    },
    {
      what: 'the keeper is not ready',
      facts: { isUnavailable: true },
      words: 'the keeper is not ready; --force empties the cache nevertheless',
    },
    {
      what: 'packages are being realised',
      facts: { isBusy: true, underWay: ['alice: evaluating', 'bob: evaluating'] },
      words: 'packages are being realised (alice: evaluating; bob: evaluating): try again afterwards',
    },
    {
      what: 'a profile is being switched',
      facts: { isBusy: true },
      words: 'packages are being realised (a profile is being switched): try again afterwards',
    },
    {
      what: 'it is used, without force',
      facts: { users: [OWN, FOREIGN, STOPPED] },
      words:
        'web, workspace-alice use the cache team: stop them, or use --force, which stops them, empties the cache and starts them again',
    },
    {
      what: 'others use it, with force',
      facts: { users: [OWN, FOREIGN] },
      force: true,
      words: "web use the cache team and are not this controller's: stop them first",
    },
  ])('is refused while $what', async ({ facts, force = false, words }) => {
    const { clearing, done } = open(facts);
    expect(await said(clearing.clear(force, {}))).toBe(`refused: ${words}`);
    expect([done, clearing.isUnderWay()]).toEqual([[], false]);
  });

  it('stops the workspaces, marks the volume, ends the keeper, and is over when that is back', async () => {
    const { clearing, done, pass, leave, comeBack } = open({ users: [OWN, STOPPED] });
    const result = said(clearing.clear(true, {}));
    await pass(400);
    expect([done, clearing.isUnderWay()]).toEqual([['others end', 'begin'], true]);
    leave([STOPPED]);
    await pass(400);
    expect(done).toEqual(['others end', 'begin', 'mark', 'stop']);
    comeBack();
    await pass(400);
    expect(await result).toBe('the cache team is empty; workspace-alice start again');
    expect([done, clearing.isUnderWay()]).toEqual([['others end', 'begin', 'mark', 'stop', 'end'], false]);
  });

  it('with force marks the volume of a keeper that does not answer, too', async () => {
    const { clearing, done, pass, comeBack, lose } = open({ users: [STOPPED] });
    lose();
    const result = said(clearing.clear(true, {}));
    await pass(400);
    expect(done).toEqual(['others end', 'begin', 'wipe']);
    comeBack();
    await pass(400);
    expect(await result).toBe('the cache team is empty');
  });

  it('of a cache that nobody uses starts nothing again', async () => {
    const { clearing, pass, comeBack } = open({ users: [STOPPED] });
    const result = said(clearing.clear(false, {}));
    await pass(200);
    comeBack();
    await pass(200);
    expect(await result).toBe('the cache team is empty');
  });

  it('goes on once at a time', async () => {
    const { clearing, pass } = open({ users: [OWN] });
    void said(clearing.clear(true, {}));
    await pass(200);
    expect(await said(clearing.clear(true, {}))).toBe('refused: the cache team is being emptied already');
  });

  it.each<{ what: string; happens: (one: ReturnType<typeof open>) => void; words: string; isMarked: boolean }>([
    {
      what: 'a workspace does not stop',
      happens: () => undefined,
      words: 'workspace-alice did not stop in time; nothing was emptied',
      isMarked: false,
    },
    {
      what: 'the keeper does not come back',
      happens: ({ leave }) => leave([]),
      words: 'the cache team is being emptied, but its keeper has not come back yet: the keeper is not ready',
      isMarked: true,
    },
  ])('fails when $what, and the workspaces start again', async ({ happens, words, isMarked }) => {
    const one = open({ users: [OWN] });
    const result = said(one.clearing.clear(true, {}));
    await one.pass(200);
    happens(one);
    await one.pass(125_000);
    expect(await result).toBe(`refused: ${words}`);
    expect(one.done).toEqual(['others end', 'begin', ...(isMarked ? ['mark', 'stop'] : []), 'end']);
  });
});
