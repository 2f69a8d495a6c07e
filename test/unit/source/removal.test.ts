import { existsSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFixture, facts, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const here = { complete: true, workspaces: { alice: 'debian:12' }, claimed: [], removed: {}, problems: 0 };
const gone = { ...here, workspaces: {}, removed: { alice: 'Retain' } };

describe('a removed file', () => {
  it('is a removal after two complete scans half a second apart, until it is forgotten', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(path);
    expect(facts(await desired.scan())).toEqual(here);
    fixture.clock.advance(499);
    expect(facts(await desired.scan())).toEqual(here);
    fixture.clock.advance(1);
    expect(facts(await desired.scan())).toEqual(gone);
    expect(facts(await desired.scan())).toEqual(gone);
    await desired.forget('alice');
    expect(facts(await desired.scan())).toEqual({ ...gone, removed: {} });
    expect(existsSync(join(fixture.state, 'last-good', 'alice.json'))).toBe(false);
  });

  it('that is back within the half second was never gone', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    renameSync(path, `${path}~`);
    expect(facts(await desired.scan())).toEqual(here);
    fixture.clock.advance(400);
    renameSync(`${path}~`, path);
    expect(facts(await desired.scan())).toEqual(here);
    unlinkSync(path);
    fixture.clock.advance(400);
    expect(facts(await desired.scan())).toEqual(here);
  });

  it('counts anew after a scan that was not complete', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(path);
    await desired.scan();
    fixture.clock.advance(600);
    renameSync(fixture.specs, `${fixture.specs}.away`);
    expect(facts(await desired.scan())).toMatchObject({
      complete: false,
      workspaces: { alice: 'debian:12' },
      removed: {},
    });
    renameSync(`${fixture.specs}.away`, fixture.specs);
    fixture.clock.advance(600);
    expect(facts(await desired.scan())).toEqual(here);
    fixture.clock.advance(600);
    expect(facts(await desired.scan())).toEqual(gone);
  });

  it('carries the reclaim policy of its last good spec, also of a record', async () => {
    const path = fixture.write('alice.json', workspace('alice', { storage: { reclaimPolicy: 'Delete' } }));
    await fixture.create().scan();
    unlinkSync(path);
    const restarted = fixture.create();
    expect(facts(await restarted.scan())).toEqual(here);
    fixture.clock.advance(500);
    expect(facts(await restarted.scan())).toEqual({ ...gone, removed: { alice: 'Delete' } });
  });

  it('that returns after its removal is wanted again, and cannot be forgotten', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    unlinkSync(path);
    await desired.scan();
    fixture.clock.advance(500);
    await desired.scan();
    fixture.write('other.json', workspace('alice', { image: 'debian:13' }));
    expect(facts(await desired.scan())).toEqual({ ...here, workspaces: { alice: 'debian:13' } });
    await desired.forget('alice');
    expect(existsSync(join(fixture.state, 'last-good', 'alice.json'))).toBe(true);
  });

  it('whose workspace moved to another file removes nothing', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    renameSync(path, join(fixture.specs, 'b.json'));
    for (let scan = 0; scan < 3; scan += 1, fixture.clock.advance(600))
      expect(facts(await desired.scan())).toEqual(here);
  });

  it('is looked at again half a second later', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    let hints = 0;
    const stop = desired.watch(() => {
      hints += 1;
    });
    unlinkSync(path);
    await desired.scan();
    fixture.clock.advance(600);
    expect(hints).toBeGreaterThan(0);
    stop();
  });
});

describe('a half-written file', () => {
  it.each(['{"apiVersion": "kalp', '', Buffer.from([0x7b, 0xe2])])(
    '%j keeps quiet for 300 ms, then it is a problem',
    async (content) => {
      fixture.write('alice.json', workspace('alice'));
      const desired = fixture.create();
      await desired.scan();
      fixture.writeNow('alice.json', content);
      expect(facts(await desired.scan())).toEqual(here);
      fixture.clock.advance(299);
      expect(facts(await desired.scan())).toEqual(here);
      fixture.clock.advance(1);
      expect(facts(await desired.scan())).toEqual({
        ...here,
        workspaces: { alice: 'debian:12 (problem)' },
        problems: 1,
      });
    },
  );

  it('that is new forbids deletions while it settles', async () => {
    fixture.writeNow('alice.json', '{');
    const desired = fixture.create();
    expect(facts(await desired.scan())).toEqual({ ...here, complete: false, workspaces: {} });
    fixture.write('alice.json', workspace('alice'));
    expect(facts(await desired.scan())).toEqual(here);
  });

  it('that is rewritten without end becomes a problem after three seconds', async () => {
    const desired = fixture.create();
    for (let elapsed = 0; elapsed < 3000; elapsed += 200, fixture.clock.advance(200)) {
      fixture.writeNow('alice.json', `{${' '.repeat(elapsed)}`);
      expect((await desired.scan()).problems).toEqual([]);
    }
    fixture.writeNow('alice.json', '{ ');
    expect((await desired.scan()).problems).toHaveLength(1);
  });

  it('does not excuse a file that parses', async () => {
    fixture.writeNow('alice.json', workspace('alice', { nonsense: 1 }));
    expect((await fixture.create().scan()).problems).toHaveLength(1);
  });

  it('is looked at again 300 ms later', async () => {
    const desired = fixture.create();
    await desired.scan();
    let hints = 0;
    const stop = desired.watch(() => {
      hints += 1;
    });
    fixture.writeNow('alice.json', '{');
    await desired.scan();
    fixture.clock.advance(330);
    expect(hints).toBeGreaterThan(0);
    stop();
  });
});

describe('a file that changes', () => {
  it('is seen though its size and time of change stay the same', async () => {
    const path = fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    for (const version of [13, 14, 15, 16]) {
      writeFileSync(path, JSON.stringify(workspace('alice', { image: `debian:${version}` })));
      expect(facts(await desired.scan())).toMatchObject({ workspaces: { alice: `debian:${version}` } });
    }
  });

  it('gives the same object as long as it does not', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    const before = (await desired.scan()).workspaces.get('alice');
    // A file that was just written is read anew; its workspace is equal all the same.
    expect((await desired.scan()).workspaces.get('alice')).toEqual(before);
  });
});

describe('scan', () => {
  it('ends with the reason of its signal, and the next one works', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await expect(desired.scan(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(facts(await desired.scan())).toEqual(here);
  });

  it('called twice at once gives two equal snapshots', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    const [first, second] = await Promise.all([desired.scan(), desired.scan()]);
    expect(facts(second)).toEqual(facts(first));
  });
});
