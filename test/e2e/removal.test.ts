import { describe, expect, it } from '@jest/globals';
import { inLongRuns } from '../support/cases.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, up } from '../support/e2e/kalpana-specs.js';

const host = testEngineHost();

describe('a spec that is removed', () => {
  const site = createSite('rem', host, NO_CACHE);
  const keep = ['rem-keep-1', 'rem-keep-2', 'rem-keep-3', 'rem-keep-4'];
  let kalpana: Kalpana;

  it.each([
    ['Retain', 'rem-retain', true],
    ['Delete', 'rem-delete', false],
  ] as const)(
    'takes the container with it; reclaimPolicy %s decides over the data volume',
    async (reclaimPolicy, name, stays) => {
      kalpana ??= site.start();
      for (const one of keep) site.put(one);
      site.put(name, { storage: { reclaimPolicy } });
      await kalpana.ready(...keep, name);
      site.drop(`${name}.json`);
      await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), {
        withinMs: 20_000,
      });
      await eventually(
        async () => expect((await site.docker.volume(`kalpana-workspace-${name}`)) !== null).toBe(stays),
        { withinMs: 20_000 },
      );
      await eventually(async () => expect((await kalpana.list()).items.map((item) => item.name)).toEqual(keep), {
        withinMs: 20_000,
      });
    },
  );

  it('and comes back finds its data again', async () => {
    site.put('rem-again');
    await kalpana.ready('rem-again');
    await site.docker.sh('workspace-rem-again', 'echo kept > /workspace/file');
    site.drop('rem-again.json');
    await eventually(async () => expect(await site.docker.containerOrNull('workspace-rem-again')).toBeNull(), {
      withinMs: 20_000,
    });
    site.put('rem-again');
    await eventually(
      async () => expect((await site.docker.container('workspace-rem-again')).State.Status).toBe('running'),
      { withinMs: 20_000 },
    );
    expect(await site.docker.read('workspace-rem-again', '/workspace/file')).toBe('kept');
    site.drop('rem-again.json');
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), { withinMs: 20_000 });
  });

  inLongRuns('the removals above; simulation histories', () =>
    it('a rename of a spec is a removal and a creation: the old data volume stays', async () => {
      site.put('rem-old', {}, 'renamed.json');
      await kalpana.ready('rem-old');
      await site.docker.sh('workspace-rem-old', 'echo old > /workspace/file');
      site.put('rem-new', {}, 'renamed.json');
      await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep, 'rem-new')), {
        withinMs: 20_000,
      });
      await kalpana.ready('rem-new');
      expect(await site.docker.volume('kalpana-workspace-rem-old')).not.toBeNull();
      expect((await site.docker.sh('workspace-rem-new', 'ls /workspace')).text).not.toContain('file');
    }),
  );

  inLongRuns('simulation laws, histories: restarts', () =>
    it('while the controller was away is found at its start, data volume kept', async () => {
      await kalpana.stop();
      site.drop('renamed.json');
      kalpana = site.start();
      await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), {
        withinMs: 20_000,
      });
      expect(await site.docker.volume('kalpana-workspace-rem-new')).not.toBeNull();
    }),
  );
});

describe('held deletions', () => {
  const site = createSite('held', host, NO_CACHE);
  const names = ['held-a', 'held-b', 'held-c'];

  it('three of three specs removed at once are held, over a restart too, until kalpana approve', async () => {
    let kalpana = site.start({ resync: 0.5 });
    for (const name of names) site.put(name);
    await kalpana.ready(...names);
    const ids = await site.docker.ids(site.label);
    for (const name of names) site.drop(`${name}.json`);
    await kalpana.until('held-a', {
      phase: 'Held',
      reason: 'DeletionHeld',
      message: expect.stringContaining('kalpana approve'),
    });
    await kalpana.resyncs(3);
    expect((await kalpana.list()).held).toEqual(names);
    expect((await site.docker.ids(site.label)).sort()).toEqual([...ids].sort());

    const plan = await site.plan();
    expect(plan).toMatchObject({
      code: 2,
      out: names
        .map(
          (name) =>
            `${name}: remove, held  # too many removals at once; confirm with --allow-prune or kalpana approve\n`,
        )
        .join(''),
    });

    await kalpana.stop();
    kalpana = site.start({ resync: 0.5 });
    await kalpana.until('held-a', { phase: 'Held' });
    await kalpana.resyncs(3);
    expect(await site.docker.list(site.label)).toEqual(up(...names));

    const one = await site.command('approve', 'held-b', '--state-dir', site.state);
    expect(one).toMatchObject({ code: 0, out: 'Removal approved: held-b\n' });
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up('held-a', 'held-c')), {
      withinMs: 20_000,
    });
    await kalpana.resyncs(3);
    expect(await site.docker.list(site.label)).toEqual(up('held-a', 'held-c'));
    const rest = await site.command('approve', '--state-dir', site.state);
    expect(rest).toMatchObject({ code: 0, out: 'Removal approved: held-a, held-c\n' });
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual([]), { withinMs: 20_000 });
    expect(await site.docker.volumes(site.label)).toEqual(names.map((name) => `kalpana-workspace-${name}`));
    await kalpana.stop();
  });

  inLongRuns('git-deploy: whose commits remove nearly all; simulation laws: held deletions', () =>
    it('specs put back end the hold', async () => {
      const kalpana = site.start({ resync: 0.5 });
      for (const name of names) site.put(name);
      await kalpana.ready(...names);
      const ids = await site.docker.ids(site.label);
      for (const name of names) site.drop(`${name}.json`);
      await kalpana.until('held-c', { phase: 'Held' });
      for (const name of names) site.put(name);
      await kalpana.ready(...names);
      expect((await kalpana.list()).held).toEqual([]);
      expect((await site.docker.ids(site.label)).sort()).toEqual([...ids].sort());
    }),
  );
});
