import { describe, expect, it } from '@jest/globals';
import type { DockerPort } from '../../../../controller/docker/port.js';
import { batchesOf } from '../../../../controller/nix/gc/change-roots.js';
import { RootAtRiskError } from '../../../../controller/nix/gc/collect.js';
import { createGcCommands } from '../../../../controller/nix/gc/gc-commands.js';
import { goneAfter, goneWithNames, mountPathsWith } from '../../../../controller/nix/gc/gone.js';
import { storePath } from '../../../support/gc/fake-run.js';

/** A keeper whose every script prints `lines` and ends with `code`; gives the variables of each call. */
function commands(lines: readonly string[] = [], code = 0) {
  const calls: Record<string, string>[] = [];
  const exec: DockerPort['exec'] = async (_id, { env = {}, onLine }) => {
    calls.push({ ...env });
    for (const line of lines) onLine(line);
    return { exitCode: code };
  };
  return { calls, gc: createGcCommands({ exec } as unknown as DockerPort, 'keeper') };
}

describe('a change of roots', () => {
  it('hands each list over, and the word to go on', async () => {
    const { gc, calls } = commands();
    const path = storePath('out');
    const pin = { owner: 'alice', name: 'abc', path };
    const generation = { profile: 'bob', number: 3 };
    await gc.changeRoots(
      { pin: [pin], run: [path], expire: [generation], dropProfiles: ['bob'], unpin: [pin], forget: ['x'], go: 7 },
      {},
    );
    const file = `abc.${'a'.repeat(32)}`;
    expect(calls).toEqual([
      {
        KALPANA_PIN: `alice ${file} ${path}\n`,
        KALPANA_RUN: `${path}\n`,
        KALPANA_EXPIRE: 'bob\nbob-3-link\n',
        KALPANA_UNPIN: `alice/${file}\n`,
        KALPANA_FORGET: 'x\n',
        KALPANA_COLLECTOR: '7',
        KALPANA_GO: '1',
      },
    ]);
  });

  it('keeps what a person named oddly, and lets its link be', async () => {
    const { gc, calls } = commands();
    const odd = { owner: 'alice', name: 'my\nroot', path: storePath('out') };
    await gc.changeRoots({ pin: [odd], forget: ['my\nroot', '..', '-rf', 'good'] }, {});
    expect(calls).toEqual([
      expect.objectContaining({
        KALPANA_PIN: `alice my_root.${'a'.repeat(32)} ${storePath('out')}\n`,
        KALPANA_FORGET: 'good\n',
      }),
    ]);
  });

  it('comes in pieces that fit, what is made first, and goes on with the last', async () => {
    const { gc, calls } = commands();
    const run = Array.from({ length: 2_000 }, (_, index) => storePath(`${'x'.repeat(60)}-${index}`));
    await gc.changeRoots({ run, forget: ['x'], go: 7 }, {});
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.map((call) => call['KALPANA_RUN']).join('')).toBe(run.map((path) => `${path}\n`).join(''));
    expect(new Set(calls.map((call) => call['KALPANA_COLLECTOR']))).toEqual(new Set(['7']));
    expect(calls.map((call) => call['KALPANA_GO'])).toEqual([...calls.slice(1).map(() => ''), '1']);
    for (const call of calls) expect(call['KALPANA_RUN']!.length).toBeLessThan(128 * 1024);
  });

  it('is one piece when there is nothing to change', () => {
    expect(batchesOf({ a: [], b: [] })).toEqual([{ a: '', b: '' }]);
  });
});

describe('a collection in the keeper', () => {
  const request = { dryRun: false, maxFreed: 5, graceMs: 0, onFrozen: () => undefined, onDeleting: () => undefined };

  it('tells what came of it', async () => {
    const path = storePath('dead');
    const rows = ['frozen 7', 'live 4', `dead ${path}`, `deleting ${path}`, 'freed 4096 1', 'left 2'];
    const { gc, calls } = commands(rows.map((row) => `kalpana: ${row}`));
    const deleted: string[] = [];
    const frozenBy: number[] = [];
    const onFrozen = (_links: unknown, collector: number) => void frozenBy.push(collector);
    const collected = await gc.collect(
      { ...request, onFrozen, onDeleting: (one, count) => deleted.push(`${one} ${count}`) },
      {},
    );
    expect(collected).toEqual({
      dead: new Map([[path, 0]]),
      livePaths: 4,
      freedBytes: 4096,
      freedPaths: 1,
      leftPaths: 2,
    });
    expect([frozenBy, deleted]).toEqual([[7], [`${path} 1`]]);
    expect(calls[0]).toMatchObject({ KALPANA_MODE: 'collect', KALPANA_MAX_FREED: '5', KALPANA_GRACE: '0' });
  });

  it('says which paths in use Nix takes for dead', async () => {
    const { gc } = commands(
      ['a', 'b', 'c', 'd'].map((name) => `kalpana: at-risk ${storePath(name)}`),
      22,
    );
    const error = await gc.collect(request, {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RootAtRiskError);
    expect((error as RootAtRiskError).failure.message).toMatch(/-c and 1 others for dead, and they are in use$/);
  });

  it('names what the database does not know, and has deleted nothing', async () => {
    const { gc } = commands([`kalpana: damaged ${storePath('a')}`, `kalpana: damaged ${storePath('b')}`], 28);
    const error = await gc.collect(request, {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RootAtRiskError);
    expect((error as RootAtRiskError).failure).toEqual({
      reason: 'StoreDamaged',
      message: `2 paths in use are on the disk and not in the store's database, such as ${storePath('a')}: nothing was deleted`,
    });
  });

  it.each([
    [20, ['another collection is under way in this keeper'], 'GcBusy', /under way in this keeper$/],
    [27, ['error: first', 'error: last'], 'KeeperNotReady', /failed: error: last$/],
    [137, [], 'KeeperNotReady', /failed: code 137$/],
  ])('that ends with %i says why', async (code, lines, reason, message) => {
    const { gc } = commands(lines, code);
    await expect(gc.collect(request, {})).rejects.toMatchObject({
      failure: { reason, message: expect.stringMatching(message) },
    });
  });

  it('adds weights up over the pieces of a list', async () => {
    const { gc } = commands(['kalpana: base 10', `kalpana: own ${storePath('a')} ${storePath('b')} 7`]);
    expect(await gc.pressure([storePath('k')], [storePath('a')], {})).toEqual({
      base: 10,
      own: new Map([[storePath('a'), new Map([[storePath('b'), 7]])]]),
    });
  });
});

describe('who is gone', () => {
  it.each([
    [
      'whoever was there and is named no more is gone since now',
      { bob: 1 },
      ['alice'],
      ['alice', 'carol'],
      { bob: 1, carol: 9 },
    ],
    ['whoever comes back is not gone', { bob: 1 }, ['bob'], [], {}],
    ['who went before went then', { bob: 1 }, [], ['bob'], null],
    ['nothing changes', {}, ['alice'], ['alice'], null],
  ])('%s', (_what, before, names, known, after) => {
    expect(goneWithNames(before, new Set(names), known, 9)).toEqual(after);
  });

  it.each([
    ['a container without a spec was there when the run began', {}, ['x'], [], [], { x: 5 }],
    ['what has roots and no spec is gone since the run', {}, [], ['x'], [], { x: 5 }],
    ['who is named is not gone', {}, ['x'], ['x'], ['x'], {}],
    ['who went long ago and left nothing is forgotten', { x: 1, y: 4 }, [], [], [], { y: 4 }],
    ['who left something is remembered', { x: 1 }, [], ['x'], [], { x: 1 }],
  ])('after a run: %s', (_what, before, owners, kept, named, after) => {
    expect(goneAfter(before, { owners, kept }, new Set(named), 5, 2)).toEqual(after);
  });

  it('remembers where the files of those that are gone were', () => {
    const record = { mountPaths: { alice: '/a', bob: '/b', carol: '/c' }, goneSince: { bob: 1 } };
    expect(mountPathsWith(record, [{ name: 'alice', storageMountPath: '/new' }])).toEqual({ alice: '/new', bob: '/b' });
  });
});
