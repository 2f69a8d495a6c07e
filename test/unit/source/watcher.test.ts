import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../controller/model/clock.js';
import type { DesiredState } from '../../../controller/source/desired-state.js';
import { createFixture, facts, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
let stop = () => {};
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => {
  stop();
  fixture.clean();
});

/** Scans on every hint, as the engine does, until the names are these. No hint, no scan: a lost one fails the test. */
function follow(desired: DesiredState): (names: string[]) => Promise<void> {
  let names: string | null = null;
  let wake = () => {};
  let scans: Promise<unknown> = Promise.resolve();
  const look = async () => {
    names = [...(await desired.scan()).workspaces.keys()].join();
    wake();
  };
  stop = desired.watch(() => {
    scans = scans.then(look);
  });
  scans = scans.then(look);
  return async (expected) => {
    while (names !== expected.join())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
}

describe('watch', () => {
  it('hints at files that come, change their name and go, in old and in new directories', async () => {
    const until = follow(fixture.create({ clock: systemClock, directories: [fixture.specs] }));
    await until([]);
    fixture.write('alice.json', workspace('alice'));
    await until(['alice']);
    fixture.write('sub/deeper/bob.json', workspace('bob'));
    await until(['alice', 'bob']);
    fixture.write('sub/deeper/carol.json', workspace('carol'));
    await until(['alice', 'bob', 'carol']);
    rmSync(join(fixture.specs, 'sub'), { recursive: true });
    // Gone from the workspaces only after the second look half a second later, for which a hint comes too.
    await until(['alice']);
    fixture.write('sub/deeper/bob.json', workspace('bob'));
    await until(['alice', 'bob']);
    fixture.write('sub/deeper/dora.json', workspace('dora'));
    await until(['alice', 'bob', 'dora']);
  });

  it('survives the source being removed and made anew', async () => {
    const until = follow(fixture.create({ clock: systemClock }));
    fixture.write('alice.json', workspace('alice'));
    await until(['alice']);
    rmSync(fixture.specs, { recursive: true });
    mkdirSync(fixture.specs);
    fixture.write('bob.json', workspace('bob'));
    await until(['bob']);
    renameSync(fixture.specs, join(fixture.root, 'old'));
    mkdirSync(fixture.specs);
    fixture.write('carol.json', workspace('carol'));
    await until(['carol']);
  });

  it('hints at a changed secret', async () => {
    fixture.write('alice.json', workspace('alice', { env: [{ name: 'T', valueFrom: { secretFile: 'token' } }] }));
    const desired = fixture.create({ clock: systemClock });
    const first = await desired.scan();
    expect(first.workspaces.get('alice')?.secretsReadable).toBe(false);
    const hinted = new Promise<void>((resolve) => {
      stop = desired.watch(resolve);
    });
    writeFileSync(join(fixture.secrets, 'token'), 'x');
    await hinted;
    expect((await desired.scan()).workspaces.get('alice')?.secretsReadable).toBe(true);
  });

  it('finds a source that is made later, two seconds later at the latest', async () => {
    rmSync(fixture.specs, { recursive: true });
    const desired = fixture.create({ secretsDir: null });
    let hints = 0;
    stop = desired.watch(() => {
      hints += 1;
    });
    await desired.scan();
    fixture.clock.advance(1999);
    expect(hints).toBe(0);
    fixture.write('alice.json', workspace('alice'));
    fixture.clock.advance(1);
    // The look at the root is real input and output; the debounce after it is on the clock.
    for (; hints === 0; fixture.clock.advance(25)) await new Promise((resolve) => setImmediate(resolve));
    expect(facts(await desired.scan())).toMatchObject({ complete: true, workspaces: { alice: 'debian:12' } });
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const desired = fixture.create({ clock: systemClock });
    const end = desired.watch(() => {});
    await desired.scan();
    expect(process.getActiveResourcesInfo()).toContain('FSEventWrap');
    end();
    await desired.scan();
    // A closed handle goes with the next turn of the event loop; an open one would keep this waiting for ever.
    while (process.getActiveResourcesInfo().includes('FSEventWrap'))
      await new Promise((resolve) => setImmediate(resolve));
  });

  it('joins a burst into one hint, and gives none after its end', async () => {
    const desired = fixture.create();
    let hints = 0;
    const end = desired.watch(() => {
      hints += 1;
    });
    await desired.scan();
    fixture.clock.advance(25);
    hints = 0;
    fixture.writeNow('a.json', '{');
    for (let scan = 0; scan < 5; scan += 1) await desired.scan();
    fixture.clock.advance(400);
    expect(hints).toBeLessThanOrEqual(2);
    expect(hints).toBeGreaterThan(0);
    end();
    hints = 0;
    await desired.scan();
    fixture.clock.advance(10_000);
    expect(hints).toBe(0);
    expect(facts(await desired.scan())).toMatchObject({ problems: 1 });
  });
});
