import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeFileSystem } from '../../../controller/source/files/file-system.js';
import { cases, LIMIT_MS } from '../../support/cases.js';
import { createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

function fill(count: number): void {
  for (let index = 0; index < count; index += 1)
    writeFileSync(join(fixture.specs, `w${index}.json`), JSON.stringify(workspace(`w${index}`)));
}

describe('many files', () => {
  it('an idle scan reads none of them', async () => {
    fill(300);
    let reads = 0;
    const fs = {
      ...nodeFileSystem,
      read: (path: string, bytes: number) => {
        reads += 1;
        return nodeFileSystem.read(path, bytes);
      },
    };
    const desired = fixture.create({ fs, stateDir: null });
    await desired.scan();
    expect(reads).toBe(300);
    // What was written a moment ago may change again within one tick of the clock: it is read until that is past.
    for (;;) {
      reads = 0;
      await desired.scan();
      if (reads === 0) break;
    }
    fixture.write('w7.json', workspace('w7', { image: 'debian:13' }));
    const snapshot = await desired.scan();
    expect(reads).toBe(1);
    expect(snapshot.workspaces.get('w7')?.creation.image).toBe('debian:13');
    const same = await desired.scan();
    expect(same.workspaces.get('w8')).toBe(snapshot.workspaces.get('w8'));
  });

  const MANY = cases(2_000, 10_000);

  it(
    `${MANY} of them let the event loop turn`,
    async () => {
      fill(MANY);
      const desired = fixture.create({ stateDir: null });
      let turns = 0;
      const count = () => {
        turns += 1;
        timer = setImmediate(count);
      };
      let timer = setImmediate(count);
      const snapshot = await desired.scan();
      clearImmediate(timer);
      expect(snapshot).toMatchObject({ complete: true, problems: [] });
      expect(snapshot.workspaces.size).toBe(MANY);
      expect(turns).toBeGreaterThan(MANY / 100);
    },
    LIMIT_MS,
  );

  it('more than 20,000 are refused as a whole, and nothing known is lost', async () => {
    fixture.write('alice.json', workspace('alice'));
    const desired = fixture.create();
    await desired.scan();
    const names = Array.from({ length: 20_001 }, (_, index) => ({
      name: `x${index}.json`,
      isFile: () => true,
      isDirectory: () => false,
      isSymbolicLink: () => false,
    }));
    const alice = await nodeFileSystem.lstat(join(fixture.specs, 'alice.json'));
    const crowded = fixture.create({
      fs: { ...nodeFileSystem, readdir: () => Promise.resolve(names as never), lstat: () => Promise.resolve(alice) },
    });
    const snapshot = await crowded.scan();
    expect(snapshot).toMatchObject({
      complete: false,
      problems: [{ message: expect.stringContaining('more than 20000 spec files') }],
    });
    expect([...snapshot.workspaces.keys()]).toEqual(['alice']);
  });

  it('links in circles end', async () => {
    fixture.write('a/b/alice.json', workspace('alice'));
    for (let index = 0; index < 50; index += 1) symlinkSync('../..', join(fixture.specs, 'a/b', `up${index}`));
    const snapshot = await fixture.create().scan();
    expect([...snapshot.workspaces.keys()]).toEqual(['alice']);
    expect(snapshot.problems).toEqual([]);
    unlinkSync(join(fixture.specs, 'a/b/up0'));
  });
});
