import { chmodSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite, type Site } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, up, workspace } from '../support/e2e/kalpana-specs.js';

// In each run test/unit/source has every file and directory that cannot be believed, test/simulation/laws that nothing
// is removed for it, and bad-input and removal the same on an engine.

describe('sources that cannot be believed', () => {
  const site = createSite('laws', testEngineHost(), NO_CACHE);
  const names = ['laws-a', 'laws-b'];
  let kalpana: Kalpana;
  let ids: string[];

  async function expectUntouched(): Promise<void> {
    await kalpana.resyncs(4);
    expect((await site.docker.ids(site.label)).sort()).toEqual(ids);
    expect(await site.docker.list(site.label)).toEqual(up(...names));
  }

  async function sourceProblems(): Promise<string[]> {
    return (await kalpana.sources()).flatMap(({ problems }) =>
      problems.map(({ location, message }) => `${location.file}: ${message}`),
    );
  }

  it('all running to begin with', async () => {
    kalpana = site.start({ resync: 0.5, heedsPermissions: true });
    for (const name of names) site.put(name);
    await kalpana.ready(...names);
    ids = (await site.docker.ids(site.label)).sort();
  });

  it.each<[string, (site: Site) => void, (site: Site) => void]>([
    ['missing', ({ specs }) => renameSync(specs, `${specs}.away`), ({ specs }) => renameSync(`${specs}.away`, specs)],
    [
      'a file in place of the directory',
      ({ specs, dir }) => (renameSync(specs, `${specs}.away`), renameSync(join(dir, 'plain'), specs)),
      ({ specs, dir }) => (renameSync(specs, join(dir, 'plain')), renameSync(`${specs}.away`, specs)),
    ],
  ])('a directory that is %s removes nothing', async (_what, damage, mend) => {
    site.secret('plain', 'x');
    renameSync(join(site.secrets, 'plain'), join(site.dir, 'plain'));
    damage(site);
    await eventually(async () => expect((await sourceProblems()).join()).toContain('the directory cannot be read'), {
      withinMs: 20_000,
    });
    await expectUntouched();
    mend(site);
    await eventually(async () => expect(await sourceProblems()).toEqual([]), { withinMs: 20_000 });
    await expectUntouched();
  });

  it('an unreadable directory removes nothing', async () => {
    chmodSync(site.specs, 0o000);
    await eventually(async () => expect((await sourceProblems()).join()).toContain('permission denied'), {
      withinMs: 20_000,
    });
    await expectUntouched();
    chmodSync(site.specs, 0o755);
    await eventually(async () => expect(await sourceProblems()).toEqual([]), { withinMs: 20_000 });
  });

  it.each([
    ['a half-written', (text: string) => text.slice(0, text.length / 2), 'not valid JSON'],
    ['an emptied', () => '', 'the file is empty'],
    ['a wrongly typed', (text: string) => text.replace('"kalpana/test:1"', '17'), 'image'],
    ['an unknown kind of', (text: string) => text.replace('"Workspace"', '"Worksapce"'), 'Worksapce'],
  ])('%s file keeps the last good version running and says so', async (_what, spoil, message) => {
    const good = site.read('laws-a.json');
    site.write('laws-a.json', spoil(good));
    await eventually(
      async () =>
        expect(await kalpana.condition('laws-a', 'SpecValid')).toMatchObject({
          status: 'False',
          message: expect.stringContaining(message),
        }),
      { withinMs: 20_000 },
    );
    expect(await sourceProblems()).toEqual([expect.stringContaining('laws-a.json: ')]);
    await expectUntouched();
    site.write('laws-a.json', good);
    await eventually(
      async () => expect(await kalpana.condition('laws-a', 'SpecValid')).toMatchObject({ status: 'True' }),
      { withinMs: 20_000 },
    );
  });

  it('a duplicated name keeps the last good version running; both places are told', async () => {
    site.put('laws-a', { image: 'kalpana/test:2' }, 'copy.json');
    await eventually(
      async () =>
        expect(await sourceProblems()).toEqual([
          expect.stringMatching(/copy\.json: .*"laws-a" is also defined at .*laws-a\.json:/),
          expect.stringMatching(/laws-a\.json: .*"laws-a" is also defined at .*copy\.json:/),
        ]),
      { withinMs: 20_000 },
    );
    await expectUntouched();
    site.drop('copy.json');
    await kalpana.ready('laws-a');
  });

  it('dotfiles, swap files and backups are never specs', async () => {
    const text = JSON.stringify(workspace('laws-ghost'));
    for (const file of [
      '.laws.json.swp',
      '.hidden.json',
      'laws.json~',
      'laws.json.bak',
      '#laws.json#',
      'laws.json.tmp',
    ])
      site.write(file, text);
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
    await eventually(
      async () => expect(await kalpana.condition('laws-b', 'SpecValid')).toMatchObject({ status: 'True' }),
      { withinMs: 20_000 },
    );
  });

  it('an emptied directory removes nothing unconfirmed', async () => {
    for (const file of readdirSync(site.specs)) renameSync(join(site.specs, file), join(site.dir, file));
    await kalpana.until('laws-a', { phase: 'Held' });
    await expectUntouched();
  });
});
