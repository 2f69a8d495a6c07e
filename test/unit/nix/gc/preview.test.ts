import { expect, it } from '@jest/globals';
import type { GcRoot } from '../../../../controller/model/gc-status.js';
import type { GcCommands } from '../../../../controller/nix/gc/gc-commands.js';
import type { RootsPlan } from '../../../../controller/nix/gc/plan-roots.js';
import { foretell } from '../../../../controller/nix/gc/preview.js';
import { NOTHING_COLLECTED, storePath } from '../../../support/gc/fake-run.js';

const root = (kind: GcRoot['kind'], name: string) => ({ kind, path: storePath(name) }) as GcRoot;
const KEPT = root('profile', 'kept');
const EXPIRING = root('profile', 'old');
const RUNNING = root('process', 'running');

it('tells what is dead now, and what only the roots that are about to go keep, the largest first', async () => {
  const asked: (readonly string[])[] = [];
  const commands = {
    async pressure(kept: readonly string[], expiring: readonly string[]) {
      asked.push(kept, expiring);
      return {
        base: 0,
        own: new Map([
          [
            EXPIRING.path,
            new Map([
              [storePath('b'), 20],
              [storePath('large'), 300],
            ]),
          ],
        ]),
      };
    },
  } as unknown as GcCommands;
  const plan = { roots: [KEPT], expiring: [EXPIRING] } as unknown as RootsPlan;
  const found = { ...NOTHING_COLLECTED, dead: new Map([[storePath('a'), 20]]), livePaths: 7 };
  const all = [KEPT, EXPIRING, RUNNING];
  const told = await foretell(commands, plan, all, found, {});
  // What a process uses now is kept whatever roots go.
  expect(asked).toEqual([[KEPT.path, RUNNING.path], [EXPIRING.path]]);
  expect(told.dead.map(({ path, bytes }) => [path, bytes])).toEqual([
    [storePath('large'), 300],
    [storePath('a'), 20],
    [storePath('b'), 20],
  ]);
  expect(told).toMatchObject({ deadBytes: 340, keptPaths: 7, roots: all, expiring: [EXPIRING] });
});
