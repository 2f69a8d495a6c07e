import { describe, expect, it } from '@jest/globals';
import type { CacheEvent } from '../../../../controller/model/cache-event.js';
import type { CacheUse } from '../../../../controller/model/cache-status.js';
import { createProfileLinks } from '../../../../controller/nix/packages/profile-links.js';
import { createProfileWaits } from '../../../../controller/nix/packages/profile-waits.js';
import { createProfiles } from '../../../../controller/nix/packages/profiles.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { briefly, createFakeKeeper, environmentOf, keyOf, pathOf, settle } from './fake-keeper.js';

const HELLO = keyOf('hello');
const TOOL = keyOf('tool');
const COLD: CacheUse = {
  paths: { asked: 1, hit: 0, fetched: 1, built: 0 },
  bytes: { asked: 9, hit: 0, fetched: 9, built: 0 },
  seconds: 3,
  temperature: 'cold',
};

function open({ known = [HELLO, TOOL] } = {}) {
  const clock = createManualClock(0);
  const keeper = createFakeKeeper();
  const profiles = createProfiles();
  const events: CacheEvent[] = [];
  const failed: string[] = [];
  let idle = 0;
  let go: () => void = () => undefined;
  const links = createProfileLinks({
    cache: 'team',
    clock,
    calls: {},
    keeper: () => keeper,
    known: (key) => (known.includes(key) ? environmentOf(key) : null),
    profiles,
    waits: createProfileWaits(clock, profiles.keyOf),
    emit: (event) => void events.push(event),
    onFailed: (key) => void failed.push(key),
    onIdle: () => void (idle += 1),
  });
  return {
    clock,
    keeper,
    profiles,
    events,
    failed,
    links,
    idle: () => idle,
    told: () => events.map(briefly),
    hold: () => void (keeper.linkGate = new Promise((resolve) => (go = resolve))),
    go: () => go(),
  };
}

describe('switches of profiles', () => {
  it('that come while one is under way go together, a command for each environment', async () => {
    const { keeper, profiles, links, hold, go, idle } = open();
    hold();
    links.link(HELLO, ['carol']);
    links.link(HELLO, ['bob']);
    links.link(TOOL, ['dave']);
    links.link(HELLO, ['alice']);
    expect([links.isBusy(), links.isSwitching('alice'), links.isSwitching('eve')]).toEqual([true, true, false]);
    go();
    await settle();
    expect(keeper.linked).toEqual([
      [pathOf(HELLO), ['carol']],
      [pathOf(HELLO), ['alice', 'bob']],
      [pathOf(TOOL), ['dave']],
    ]);
    expect(['alice', 'bob', 'carol', 'dave'].map(profiles.keyOf)).toEqual([HELLO, HELLO, HELLO, TOOL]);
    expect([links.isBusy(), links.isSwitching('alice'), idle()]).toEqual([false, false, 1]);
  });

  it('tell how each used the cache: as it was realised for the first, and how long the others waited', async () => {
    const { clock, events, links, hold, go } = open();
    hold();
    links.link(HELLO, ['alice'], COLD);
    links.link(HELLO, ['bob']);
    clock.advance(1_500);
    go();
    await settle();
    const uses = events.flatMap((event) => (event.type === 'linked' ? [[event.workspace, event.use]] : []));
    expect(uses).toEqual([
      ['alice', COLD],
      ['bob', expect.objectContaining({ seconds: 1.5, temperature: 'warm' })],
    ]);
  });

  it('that fail are told of as such, but for those that came to pass before', async () => {
    const { keeper, profiles, links, failed, told } = open();
    keeper.link = async (_path, _workspaces, onLinked) => {
      onLinked('alice');
      throw new Error('gone');
    };
    links.link(HELLO, ['alice', 'bob']);
    await settle();
    expect([failed, told()]).toEqual([[HELLO], ['linked alice warm', 'changed alice,bob']]);
    expect([profiles.keyOf('alice'), profiles.keyOf('bob'), links.isSwitching('bob')]).toEqual([HELLO, null, false]);
  });

  it('to what has gone meanwhile come to nothing', async () => {
    const { keeper, links, told, failed } = open({ known: [] });
    links.link(HELLO, ['alice']);
    await settle();
    expect([keeper.linked, told(), failed]).toEqual([[], ['changed alice'], []]);
  });

  it('of nobody are none', () => {
    const { links } = open();
    links.link(HELLO, []);
    expect(links.isBusy()).toBe(false);
  });
});
