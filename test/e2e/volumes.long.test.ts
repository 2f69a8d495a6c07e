import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { startScratchEngine, type ScratchEngine } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { makeSite, type Site } from '../support/e2e/kalpana-site.js';

// In each run test/simulation/laws has a damaged data volume (reported, never deleted, used again when it is mended),
// convergence the order of the operations, and test/unit/plan a shared volume that is gone.

let engine: ScratchEngine;
let site: Site;
let kalpana: Kalpana;

beforeAll(async () => {
  engine = await startScratchEngine();
  site = makeSite('vol', engine.host);
});

const directoryOf = (volume: string) => join(engine.dataRoot, 'volumes', volume, '_data');

describe('the cache volume', () => {
  it('exists before any workspace starts', async () => {
    kalpana = site.start({ flags: ['--concurrency', '2'] });
    const names = ['vol-a', 'vol-b', 'vol-c'].map((name) => site.put(name));
    await kalpana.ready(...names);
    const operations = kalpana
      .logs()
      .filter(({ msg }) => msg === 'operation')
      .map(({ operation }) => String(operation));
    const made = operations.findIndex((text) => text.startsWith('create volume kalpana-nix-store'));
    const created = operations.findIndex((text) => text.startsWith('create container'));
    expect(made).toBeGreaterThanOrEqual(0);
    expect(made).toBeLessThan(created);
  });

  it('removed while nothing used it is made again, with its labels', async () => {
    for (const name of ['vol-a', 'vol-b', 'vol-c']) site.put(name, { cache: false });
    await eventually(
      async () => {
        for (const name of ['vol-a', 'vol-b', 'vol-c']) {
          expect(
            (await site.docker.container(`workspace-${name}`)).Mounts.map(({ Destination }) => Destination),
          ).toEqual(['/workspace']);
        }
      },
      { withinMs: 30_000 },
    );
    await kalpana.ready('vol-a', 'vol-b', 'vol-c');
    // Wanted by a workspace that is stopped and has no container: nothing uses the volume.
    site.put('vol-idle', { state: 'Stopped' });
    await kalpana.until('vol-idle', { phase: 'Stopped' });
    await site.docker.removeVolume('kalpana-nix-store');
    await eventually(
      async () => {
        expect((await site.docker.volume('kalpana-nix-store'))?.Labels).toEqual({
          'kalpana.shared': 'true',
          'kalpana.managed': 'true',
          'kalpana.type': 'nix-cache',
        });
      },
      { withinMs: 20_000 },
    );
    site.drop('vol-idle.json');
    await kalpana.stop();
  });
});

describe("a data volume's directory removed by hand", () => {
  const volume = 'kalpana-workspace-vol-a';

  it('is found by the deep resync while the container runs, reported with the remedy, and ends when it is back', async () => {
    kalpana = site.start({ resync: 0.3 });
    await kalpana.ready('vol-a', 'vol-b', 'vol-c');
    const { Id, State } = await site.docker.container('workspace-vol-a');
    rmSync(directoryOf(volume), { recursive: true });
    await kalpana.until('vol-a', { reason: 'DataVolumeDamaged', message: expect.stringContaining(volume) });
    expect((await kalpana.condition('vol-a'))?.message).toMatch(/never deleted/);
    expect(await site.docker.volume(volume)).not.toBeNull();
    expect(await site.docker.container('workspace-vol-a')).toMatchObject({
      Id,
      State: { Status: 'running', StartedAt: State.StartedAt },
    });
    // The others are none the worse.
    await kalpana.ready('vol-b', 'vol-c');
    await kalpana.stop();
  });

  it('is found at the start of a container, without a restart storm; the volume stays; a directory made by hand heals it', async () => {
    await site.docker.stop('workspace-vol-a');
    if (existsSync(directoryOf(volume))) rmSync(directoryOf(volume), { recursive: true });
    kalpana = site.start({ resync: 0.3 });
    await kalpana.until('vol-a', {
      phase: 'Waiting',
      reason: 'DataVolumeDamaged',
      message: expect.stringContaining(volume),
    });
    const starts = () => kalpana.logs().filter(({ msg, key }) => msg === 'operation failed' && key === 'vol-a').length;
    // Thirty resyncs later, three of them deep.
    const lists = () =>
      kalpana.logs().filter(({ msg, trigger }) => msg === 'reconciled' && String(trigger).includes('deep')).length;
    const before = lists();
    await eventually(() => expect(lists()).toBeGreaterThan(before + 8), { withinMs: 30_000 });
    // By its backoff, until the deep look knows; a storm would be ten a second.
    expect(starts()).toBeLessThanOrEqual(6);
    expect(await site.docker.volume(volume)).not.toBeNull();
    expect(await site.docker.container('workspace-vol-a')).toMatchObject({ State: { Status: 'exited' } });
    await kalpana.until('vol-a', { reason: 'DataVolumeDamaged' });
    mkdirSync(directoryOf(volume));
    writeFileSync(join(directoryOf(volume), 'restored'), 'from a backup');
    await kalpana.ready('vol-a');
    expect(await site.docker.read('workspace-vol-a', '/workspace/restored')).toBe('from a backup');
  });

  it('and put back while the container runs: the report ends', async () => {
    const aside = `${directoryOf(volume)}.aside`;
    renameSync(directoryOf(volume), aside);
    // A bind mount holds the directory itself, so a rename takes nothing from the running container; a restart would.
    await site.docker.stop('workspace-vol-a');
    await kalpana.until('vol-a', { reason: 'DataVolumeDamaged' });
    renameSync(aside, directoryOf(volume));
    await kalpana.ready('vol-a');
    expect(await site.docker.read('workspace-vol-a', '/workspace/restored')).toBe('from a backup');
    await kalpana.stop();
  });
});
