import { beforeAll, describe, expect, it } from '@jest/globals';
import { inLongRuns, variants } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';

const site = createSite('adopt', testEngineHost());
const { docker } = site;
let kalpana: Kalpana;

beforeAll(() => {
  kalpana = site.start();
});

describe('what stands there before us', () => {
  it('a container of the replaced system, without /nix, is replaced by one with it, data kept', async () => {
    const name = 'adopt-legacy';
    const labels = { 'kalpana.managed': 'true', 'kalpana.workspace.id': name };
    const volume = `kalpana-workspace-${name}`;
    site.owns(volume);
    await docker.createVolume(volume, labels);
    const old = await docker.create(`workspace-${name}`, {
      Labels: labels,
      HostConfig: { Binds: [`${volume}:/workspace`] },
    });
    await docker.start(old);
    await docker.sh(old, 'echo precious > /workspace/file');
    const before = await docker.volume(volume);

    site.put(name);
    await kalpana.ready(name);
    const now = await docker.container(`workspace-${name}`);
    expect(now.Id).not.toBe(old);
    expect(now.Mounts.map(({ Destination }) => Destination).sort()).toEqual(['/nix', '/workspace']);
    expect(now.Config.Labels['kalpana.controller']).toBe('adopt');
    expect(await docker.read(now.Id, '/workspace/file')).toBe('precious');
    // The engine's CreatedAt is when the directory last changed: people's profiles are prepared in it.
    expect(await docker.volume(volume)).toEqual({ ...before, CreatedAt: expect.any(String) });
    expect(await docker.list(`kalpana.workspace.id=${name}`)).toEqual([`workspace-${name}: running`]);
  });

  inLongRuns('unit plan/compare; the one before it', () =>
    it('one of our containers without one of its mounts is recreated with it, data kept', async () => {
      const name = site.put('adopt-mountless');
      await kalpana.ready(name);
      const container = `workspace-${name}`;
      await docker.sh(container, 'echo kept > /workspace/file');
      const { Config } = await docker.container(container);
      // The same labels, spec hash included, by a hand that forgot /nix.
      await kalpana.stop();
      await docker.remove(container);
      const byHand = await docker.create(container, {
        Labels: Config.Labels,
        HostConfig: { Init: true, NetworkMode: 'kalpana-workspaces', Binds: [`kalpana-workspace-${name}:/workspace`] },
      });
      await docker.start(byHand);
      kalpana = site.start();
      await eventually(
        async () => {
          const { Id, Mounts } = await docker.container(container);
          expect(Id).not.toBe(byHand);
          expect(Mounts.map(({ Destination }) => Destination).sort()).toEqual(['/nix', '/workspace']);
        },
        { withinMs: 20_000 },
      );
      await kalpana.ready(name);
      expect(await docker.read(container, '/workspace/file')).toBe('kept');
      await kalpana.log({ msg: 'drift', key: name, field: 'mounts' });
    }),
  );

  const FOREIGN: readonly (readonly [string, Record<string, string>])[] = [
    ['without labels', {}],
    [
      'of another instance',
      { 'kalpana.managed': 'true', 'kalpana.workspace.id': 'adopt-taken-1', 'kalpana.controller': 'somebody' },
    ],
  ];
  it.each(variants(FOREIGN))(
    'a container of our name %s is a NameConflict and stays untouched; freed, the workspace goes on',
    async (_what, labels) => {
      const name = `adopt-taken-${Object.keys(labels).length > 0 ? 1 : 0}`;
      const foreign = await docker.create(`workspace-${name}`, { Labels: labels });
      site.owns(foreign);
      await docker.start(foreign);
      const before = await docker.container(foreign);
      site.put(name);
      await kalpana.until(name, {
        phase: 'Waiting',
        reason: 'NameConflict',
        message: expect.stringContaining(`workspace-${name}`),
      });
      expect(await docker.container(foreign)).toEqual(before);
      expect(await docker.volume(`kalpana-workspace-${name}`)).toBeNull();
      await docker.remove(foreign);
      await kalpana.ready(name);
    },
  );

  it('a data volume whose labels are not ours is a VolumeConflict, never taken over', async () => {
    const name = 'adopt-volume';
    const volume = `kalpana-workspace-${name}`;
    site.owns(volume);
    const before = await docker.createVolume(volume, { owner: 'somebody' });
    site.put(name);
    await kalpana.until(name, { phase: 'Waiting', reason: 'VolumeConflict', message: expect.stringContaining(volume) });
    expect(await docker.containerOrNull(`workspace-${name}`)).toBeNull();
    expect(await docker.volume(volume)).toMatchObject({ ...before, Labels: { owner: 'somebody' } });
    // Nor with the removal of the spec.
    site.put(name, { storage: { reclaimPolicy: 'Delete' } });
    site.drop(`${name}.json`);
    await eventually(async () => expect((await kalpana.list()).items.map((item) => item.name)).not.toContain(name), {
      withinMs: 20_000,
    });
    expect((await docker.volume(volume))?.Labels).toEqual({ owner: 'somebody' });
  });
});
