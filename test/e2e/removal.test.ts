import { chmodSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/engine.js';
import { eventually } from '../support/e2e-eventually.js';
import type { Kalpana } from '../support/kalpana.js';
import { createSite, type Site } from '../support/kalpana-site.js';
import { workspace } from '../support/kalpana-specs.js';

const host = testEngineHost();

/** `resync` makes scans frequent: what does not happen had its chance. */
async function scans(kalpana: Kalpana, count: number): Promise<void> {
  const resyncs = () => kalpana.logs().filter(({ msg, kind, trigger }) => msg === 'reconciled' && kind === 'shared' && String(trigger).includes('resync')).length;
  const before = resyncs();
  await eventually(() => expect(resyncs()).toBeGreaterThanOrEqual(before + count), { withinMs: 30_000 });
}

const up = (...names: readonly string[]) => names.map((name) => `workspace-${name}: running`).sort();

describe('a spec that is removed', () => {
  const site = createSite('rem', host);
  const keep = ['rem-keep-1', 'rem-keep-2', 'rem-keep-3', 'rem-keep-4'];
  let kalpana: Kalpana;

  it.each([
    ['Retain', 'rem-retain', true],
    ['Delete', 'rem-delete', false],
  ] as const)('takes the container with it; reclaimPolicy %s decides over the data volume', async (reclaimPolicy, name, stays) => {
    kalpana ??= site.start();
    for (const one of keep) site.put(one);
    site.put(name, { storage: { reclaimPolicy } });
    await kalpana.ready(...keep, name);
    site.drop(`${name}.json`);
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), { withinMs: 20_000 });
    await eventually(async () => expect((await site.docker.volume(`kalpana-workspace-${name}`)) !== null).toBe(stays), { withinMs: 20_000 });
    await eventually(async () => expect((await kalpana.list()).items.map((item) => item.name)).toEqual(keep), { withinMs: 20_000 });
  });

  it('and comes back finds its data again', async () => {
    site.put('rem-again');
    await kalpana.ready('rem-again');
    await site.docker.sh('workspace-rem-again', 'echo kept > /workspace/file');
    site.drop('rem-again.json');
    await eventually(async () => expect(await site.docker.containerOrNull('workspace-rem-again')).toBeNull(), { withinMs: 20_000 });
    site.put('rem-again');
    await eventually(async () => expect((await site.docker.container('workspace-rem-again')).State.Status).toBe('running'), { withinMs: 20_000 });
    expect(await site.docker.read('workspace-rem-again', '/workspace/file')).toBe('kept');
    site.drop('rem-again.json');
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), { withinMs: 20_000 });
  });

  it('a rename of a spec is a removal and a creation: the old data volume stays', async () => {
    site.put('rem-old', {}, 'renamed.json');
    await kalpana.ready('rem-old');
    await site.docker.sh('workspace-rem-old', 'echo old > /workspace/file');
    site.put('rem-new', {}, 'renamed.json');
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep, 'rem-new')), { withinMs: 20_000 });
    await kalpana.ready('rem-new');
    expect(await site.docker.volume('kalpana-workspace-rem-old')).not.toBeNull();
    expect((await site.docker.sh('workspace-rem-new', 'ls /workspace')).text).not.toContain('file');
  });

  it('while the controller was away is found at its start, data volume kept', async () => {
    await kalpana.stop();
    site.drop('renamed.json');
    kalpana = site.start();
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up(...keep)), { withinMs: 20_000 });
    expect(await site.docker.volume('kalpana-workspace-rem-new')).not.toBeNull();
  });
});

describe('held deletions', () => {
  const site = createSite('held', host);
  const names = ['held-a', 'held-b', 'held-c'];

  it('three of three specs removed at once are held, over a restart too, until kalpana approve', async () => {
    let kalpana = site.start({ resync: 0.5 });
    for (const name of names) site.put(name);
    await kalpana.ready(...names);
    const ids = await site.docker.ids(site.label);
    for (const name of names) site.drop(`${name}.json`);
    await kalpana.until('held-a', { phase: 'Held', reason: 'DeletionHeld', message: expect.stringContaining('kalpana approve') });
    await scans(kalpana, 3);
    expect((await kalpana.list()).held).toEqual(names);
    expect((await site.docker.ids(site.label)).sort()).toEqual([...ids].sort());

    const plan = await site.plan();
    expect(plan).toMatchObject({ code: 2, out: names.map((name) => `${name}: remove, held  # too many removals at once; confirm with --allow-prune or kalpana approve\n`).join('') });

    await kalpana.stop();
    kalpana = site.start({ resync: 0.5 });
    await kalpana.until('held-a', { phase: 'Held' });
    await scans(kalpana, 3);
    expect(await site.docker.list(site.label)).toEqual(up(...names));

    const one = await site.command('approve', 'held-b', '--state-dir', site.state);
    expect(one).toMatchObject({ code: 0, out: 'Removal approved: held-b\n' });
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(up('held-a', 'held-c')), { withinMs: 20_000 });
    await scans(kalpana, 3);
    expect(await site.docker.list(site.label)).toEqual(up('held-a', 'held-c'));
    const rest = await site.command('approve', '--state-dir', site.state);
    expect(rest).toMatchObject({ code: 0, out: 'Removal approved: held-a, held-c\n' });
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual([]), { withinMs: 20_000 });
    expect(await site.docker.volumes(site.label)).toEqual(names.map((name) => `kalpana-workspace-${name}`));
    await kalpana.stop();
  });

  it('a directory emptied file by file, scans in between, is held as one', async () => {
    const kalpana = site.start({ resync: 0.1 });
    for (const name of names) site.put(name);
    await kalpana.ready(...names);
    const scannedAt = async () => (await kalpana.sources())[0]?.lastSuccess ?? 0;
    const before = await scannedAt();
    site.drop('held-a.json');
    await eventually(async () => expect(await scannedAt()).toBeGreaterThan(before + 250), { withinMs: 20_000 });
    for (const name of names.slice(1)) site.drop(`${name}.json`);
    await kalpana.until('held-c', { phase: 'Held' });
    expect((await kalpana.list()).held).toEqual(names);
    expect(await site.docker.list(site.label)).toEqual(up(...names));
    await kalpana.stop();
  });

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
  });
});

describe('sources that cannot be believed', () => {
  const site = createSite('laws', host);
  const names = ['laws-a', 'laws-b'];
  let kalpana: Kalpana;
  let ids: string[];

  async function expectUntouched(): Promise<void> {
    await scans(kalpana, 4);
    expect((await site.docker.ids(site.label)).sort()).toEqual(ids);
    expect(await site.docker.list(site.label)).toEqual(up(...names));
  }

  async function sourceProblems(): Promise<string[]> {
    return (await kalpana.sources()).flatMap(({ problems }) => problems.map(({ location, message }) => `${location.file}: ${message}`));
  }

  it('all running to begin with', async () => {
    kalpana = site.start({ resync: 0.5 });
    for (const name of names) site.put(name);
    await kalpana.ready(...names);
    ids = (await site.docker.ids(site.label)).sort();
  });

  it.each<[string, (site: Site) => void, (site: Site) => void]>([
    ['missing', ({ specs }) => renameSync(specs, `${specs}.away`), ({ specs }) => renameSync(`${specs}.away`, specs)],
    ['a file in place of the directory', ({ specs, dir }) => (renameSync(specs, `${specs}.away`), renameSync(join(dir, 'plain'), specs)), ({ specs, dir }) => (renameSync(specs, join(dir, 'plain')), renameSync(`${specs}.away`, specs))],
  ])('a directory that is %s removes nothing', async (_what, damage, mend) => {
    site.secret('plain', 'x');
    renameSync(join(site.secrets, 'plain'), join(site.dir, 'plain'));
    damage(site);
    await eventually(async () => expect((await sourceProblems()).join()).toContain('the directory cannot be read'), { withinMs: 20_000 });
    await expectUntouched();
    mend(site);
    await eventually(async () => expect(await sourceProblems()).toEqual([]), { withinMs: 20_000 });
    await expectUntouched();
  });

  // Root reads everything: the permission is taken from a directory only where it means something.
  (process.getuid?.() === 0 ? it.skip : it)('an unreadable directory removes nothing', async () => {
    chmodSync(site.specs, 0o000);
    await eventually(async () => expect((await sourceProblems()).join()).toContain('permission denied'), { withinMs: 20_000 });
    await expectUntouched();
    chmodSync(site.specs, 0o755);
  });

  it.each([
    ['a half-written', (text: string) => text.slice(0, text.length / 2), 'not valid JSON'],
    ['an emptied', () => '', 'the file is empty'],
    ['a wrongly typed', (text: string) => text.replace('"kalpana/test:1"', '17'), 'image'],
    ['an unknown kind of', (text: string) => text.replace('"Workspace"', '"Worksapce"'), 'Worksapce'],
  ])('%s file keeps the last good version running and says so', async (_what, spoil, message) => {
    const good = site.read('laws-a.json');
    site.write('laws-a.json', spoil(good));
    await eventually(async () => expect(await kalpana.condition('laws-a', 'SpecValid')).toMatchObject({ status: 'False', message: expect.stringContaining(message) }), { withinMs: 20_000 });
    expect(await sourceProblems()).toEqual([expect.stringContaining('laws-a.json: ')]);
    await expectUntouched();
    site.write('laws-a.json', good);
    await eventually(async () => expect(await kalpana.condition('laws-a', 'SpecValid')).toMatchObject({ status: 'True' }), { withinMs: 20_000 });
  });

  it('a duplicated name keeps the last good version running; both places are told', async () => {
    site.put('laws-a', { image: 'kalpana/test:2' }, 'copy.json');
    await eventually(async () => expect(await sourceProblems()).toEqual([expect.stringMatching(/copy\.json: .*"laws-a" is also defined at .*laws-a\.json:/), expect.stringMatching(/laws-a\.json: .*"laws-a" is also defined at .*copy\.json:/)]), { withinMs: 20_000 });
    await expectUntouched();
    site.drop('copy.json');
    await kalpana.ready('laws-a');
  });

  it('dotfiles, swap files and backups are never specs', async () => {
    const text = JSON.stringify(workspace('laws-ghost'));
    for (const file of ['.laws.json.swp', '.hidden.json', 'laws.json~', 'laws.json.bak', '#laws.json#', 'laws.json.tmp']) site.write(file, text);
    await expectUntouched();
    expect((await kalpana.list()).items.map(({ name }) => name)).toEqual(names);
  });

  it('a controller restarted with a broken file keeps the workspace running', async () => {
    const good = site.read('laws-b.json');
    await kalpana.stop();
    site.write('laws-b.json', '{ "kind": "Workspace", ');
    kalpana = site.start({ resync: 0.5 });
    await kalpana.until('laws-b', { phase: 'Ready' });
    expect(await kalpana.condition('laws-b', 'SpecValid')).toMatchObject({ status: 'False' });
    await expectUntouched();
    site.write('laws-b.json', good);
    await eventually(async () => expect(await kalpana.condition('laws-b', 'SpecValid')).toMatchObject({ status: 'True' }), { withinMs: 20_000 });
  });

  it('an emptied directory removes nothing unconfirmed', async () => {
    for (const file of readdirSync(site.specs)) renameSync(join(site.specs, file), join(site.dir, file));
    await kalpana.until('laws-a', { phase: 'Held' });
    await expectUntouched();
  });
});
