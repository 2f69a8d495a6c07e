import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import { FailureError, type Failure } from '../../../../controller/model/reasons.js';
import { createImports, type WithSource } from '../../../../controller/nix/images/imports.js';
import { createKeeperCommands, type KeeperCommands } from '../../../../controller/nix/keeper/keeper-commands.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { portOf } from '../fake-port.js';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const bare = (id: string) => id.slice('sha256:'.length);
const withSource: WithSource = (use) => use('probe');

/** The imports of a cache whose keeper does as the test says. */
function createBench() {
  const clock = createManualClock();
  const bench = {
    isUp: true,
    unavailable: null as Failure | null,
    /** Ids that the keeper was asked to import, with their sources. */
    imported: [] as string[],
    released: [] as (readonly string[])[],
    changes: 0,
    onImport: async (): Promise<void> => undefined,
    onRelease: async (): Promise<void> => undefined,
  };
  const commands: KeeperCommands = {
    ...createKeeperCommands(portOf({}), 'id-keeper', clock),
    async importImage(source, imageId) {
      bench.imported.push(`${imageId} from ${source}`);
      await bench.onImport();
      return 1;
    },
    async release(ids) {
      await bench.onRelease();
      bench.released.push(ids);
    },
  };
  const imports = createImports({
    cache: 'team',
    clock,
    commands: () => (bench.isUp ? commands : null),
    unavailable: () => bench.unavailable,
    onChange: () => void (bench.changes += 1),
  });
  return Object.assign(bench, { clock, imports });
}

async function failureOf(promise: Promise<unknown>): Promise<Failure | null> {
  return promise.then(
    () => null,
    (error: unknown) => {
      if (error instanceof FailureError) return error.failure;
      throw error;
    },
  );
}

/** Lets everything go on that waits for nothing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('an import', () => {
  it('is done once, and known by its id with its algorithm or without', async () => {
    const { imports, imported } = createBench();
    expect(imports.has(A)).toBe(false);
    await imports.take(A, withSource, {});
    expect(imported).toEqual([`${A} from probe`]);
    expect([imports.has(A), imports.has(bare(A)), imports.has(B)]).toEqual([true, true, false]);
    expect([imports.failureOf(A), imports.isBusy()]).toEqual([null, false]);
  });

  it('that is under way is joined, and another image goes its own way', async () => {
    const bench = createBench();
    let go = () => {};
    bench.onImport = () => new Promise((resolve) => (go = resolve));
    const all = [bench.imports.take(A, withSource, {}), bench.imports.take(A, withSource, {})];
    await settle();
    expect([bench.imported, bench.imports.isBusy()]).toEqual([[`${A} from probe`], true]);
    bench.onImport = async () => undefined;
    await bench.imports.take(B, withSource, {});
    go();
    await Promise.all(all);
    expect([bench.imported.length, bench.imports.isBusy()]).toEqual([2, false]);
  });

  it.each<[string, Error, Failure]>([
    [
      'in the keeper',
      new FailureError({ reason: 'KeeperNotReady', message: 'the import failed: hash' }),
      { reason: 'ImageImportFailed', message: 'the import failed: hash' },
    ],
    [
      'of the engine',
      new EngineError('unreachable', 'copyPath', 'away'),
      { reason: 'ImageImportFailed', message: 'the keeper of the cache team went away: away' },
    ],
    [
      'of a full disk in the keeper',
      new FailureError({ reason: 'CacheDiskFull', message: 'the import failed: full' }),
      { reason: 'CacheDiskFull', message: 'the import failed: full' },
    ],
    [
      'of a full disk on the way there',
      new EngineError('server', 'copyPath', 'write: No space left on device'),
      { reason: 'CacheDiskFull', message: 'the keeper of the cache team went away: write: No space left on device' },
    ],
  ])('that fails because %s is told for 15 s, and then due again', async (_what, error, failure) => {
    const bench = createBench();
    bench.onImport = () => Promise.reject(error);
    expect(await failureOf(bench.imports.take(A, withSource, {}))).toEqual(failure);
    expect([bench.imports.failureOf(A), bench.imports.has(A), bench.imports.isBusy()]).toEqual([failure, false, false]);
    bench.clock.advance(14_999);
    expect([bench.imports.failureOf(A), bench.changes]).toEqual([failure, 0]);
    bench.clock.advance(1);
    expect([bench.imports.failureOf(A), bench.changes]).toEqual([null, 1]);
    bench.onImport = async () => undefined;
    await bench.imports.take(A, withSource, {});
    expect(bench.imports.has(A)).toBe(true);
  });

  it('is due again at no time when the controller ends', async () => {
    const bench = createBench();
    const end = new AbortController();
    bench.onImport = () => Promise.reject(new EngineError('unreachable', 'copyPath', 'away'));
    await failureOf(bench.imports.take(A, withSource, { signal: end.signal }));
    end.abort();
    bench.clock.advance(60_000);
    expect(bench.changes).toBe(0);
  });

  it('passes on a fault of ours, and is no longer under way', async () => {
    const { imports } = createBench();
    const fault = new TypeError('a fault');
    await expect(imports.take(A, () => Promise.reject(fault), {})).rejects.toBe(fault);
    expect([imports.failureOf(A), imports.isBusy()]).toEqual([null, false]);
  });

  it.each<[string, Failure | null, string]>([
    ['why it is not', { reason: 'CacheMigrating', message: 'the volume is in use' }, 'the volume is in use'],
    ['that it is not', null, 'the keeper is not ready'],
  ])('without a keeper that is up tells %s, and makes no probe', async (_what, unavailable, message) => {
    const bench = Object.assign(createBench(), { isUp: false, unavailable });
    let probes = 0;
    const source: WithSource = (use) => {
      probes += 1;
      return use('probe');
    };
    expect(await failureOf(bench.imports.take(A, source, {}))).toEqual({ reason: 'ImageImportFailed', message });
    expect(probes).toBe(0);
  });
});

describe('while a collection holds them, imports', () => {
  it('wait for its end, and of the next one when that has begun', async () => {
    const { imports, imported } = createBench();
    imports.hold();
    imports.hold();
    const taken = imports.take(A, withSource, {});
    await settle();
    expect([imported, imports.isBusy()]).toEqual([[], false]);
    imports.letGo();
    imports.hold();
    await settle();
    expect(imported).toEqual([]);
    imports.letGo();
    await taken;
    expect(imported).toEqual([`${A} from probe`]);
  });

  it('do not wait where none was held', async () => {
    const { imports, imported } = createBench();
    imports.letGo();
    await imports.take(A, withSource, {});
    expect(imported).toHaveLength(1);
  });
});

describe('a keeper that has come up', () => {
  it('says what is imported, and failures of another one are nothing to it', async () => {
    const bench = createBench();
    bench.onImport = () => Promise.reject(new EngineError('unreachable', 'copyPath', 'away'));
    await failureOf(bench.imports.take(A, withSource, {}));
    bench.imports.reset(new Set([bare(B)]));
    expect([bench.imports.has(A), bench.imports.has(B), bench.imports.failureOf(A)]).toEqual([false, true, null]);
  });

  it('does not change what it told when an import is noted here', async () => {
    const { imports } = createBench();
    const told = new Set([bare(B)]);
    imports.reset(told);
    await imports.take(A, withSource, {});
    expect(told).toEqual(new Set([bare(B)]));
  });
});

describe('a release', () => {
  it('lets go of images that no container uses, and of none that is in use', async () => {
    const bench = createBench();
    bench.imports.reset(new Set([bare(A), bare(B)]));
    expect(await bench.imports.release(new Set([bare(B)]), {})).toBeNull();
    expect(bench.released).toEqual([[bare(A)]]);
    expect([bench.imports.has(A), bench.imports.has(B)]).toEqual([false, true]);
  });

  it('waits for 20 s after a plan has asked for the image, for its container is yet to be made', async () => {
    const bench = createBench();
    bench.imports.reset(new Set([bare(A)]));
    expect(bench.imports.has(A)).toBe(true);
    bench.clock.advance(19_999);
    expect(await bench.imports.release(new Set(), {})).toBe(20_000);
    expect(bench.released).toEqual([]);
    bench.clock.advance(1);
    expect(await bench.imports.release(new Set(), {})).toBeNull();
    expect(bench.released).toEqual([[bare(A)]]);
  });

  describe('that failed', () => {
    async function failing() {
      const bench = createBench();
      bench.imports.reset(new Set([bare(A)]));
      bench.onRelease = () => Promise.reject(new Error('the engine went away'));
      await expect(bench.imports.release(new Set(), {})).rejects.toThrow('the engine went away');
      return bench;
    }

    it('is made once more, and nobody takes the image for imported meanwhile', async () => {
      const bench = await failing();
      expect(bench.imports.has(A)).toBe(false);
      bench.onRelease = async () => undefined;
      expect(await bench.imports.release(new Set(), {})).toBeNull();
      expect(bench.released).toEqual([[bare(A)]]);
      expect(await bench.imports.release(new Set(), {})).toBeNull();
      expect(bench.released).toHaveLength(1);
    });

    it('is not made once more when the image was imported again', async () => {
      const bench = await failing();
      await bench.imports.take(A, withSource, {});
      bench.onRelease = async () => undefined;
      expect(bench.imports.has(A)).toBe(true);
      await bench.imports.release(new Set(), {});
      expect(bench.released).toEqual([]);
    });
  });

  it.each<[string, (bench: ReturnType<typeof createBench>) => Promise<void>]>([
    ['no keeper can be asked', async (bench) => void (bench.isUp = false)],
    [
      'another import is under way',
      async (bench) => {
        bench.onImport = () => new Promise(() => undefined);
        void bench.imports.take(B, withSource, {});
        await settle();
      },
    ],
  ])('waits while %s', async (_what, arrange) => {
    const bench = createBench();
    bench.imports.reset(new Set([bare(A)]));
    await arrange(bench);
    expect(await bench.imports.release(new Set(), {})).toBe(20_000);
    expect([bench.released, bench.imports.has(A)]).toEqual([[], true]);
  });
});
