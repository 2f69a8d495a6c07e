import { describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { kalpanaCommand } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';

const host = testEngineHost();

function withoutShared(plan: string): string {
  // Whether the network and the cache are there already depends on who used the engine before.
  return plan
    .split('\n')
    .filter((line) => !line.startsWith('shared: '))
    .join('\n');
}

describe('run --once, plan and validate', () => {
  const site = createSite('cmd', host);
  const one = 'cmd-one';

  it('plan says what run would do, with the cause of each step, changes nothing and exits 2', async () => {
    site.put(one);
    const { code, out } = await site.plan();
    expect(withoutShared(out)).toBe(
      [
        'cmd-one: create volume kalpana-workspace-cmd-one  # the volume kalpana-workspace-cmd-one does not exist',
        'cmd-one: create container workspace-cmd-one from kalpana/test:1  # the workspace is new',
        'cmd-one: start workspace-cmd-one  # the workspace is new',
        'cmd-one: prepare /workspace of workspace-cmd-one for Nix profiles  # nix-env and nix profile keep their profiles in the data volume',
        '',
      ].join('\n'),
    );
    expect(code).toBe(2);
    expect(await site.docker.list(site.label)).toEqual([]);
    expect(await site.docker.volume('kalpana-workspace-cmd-one')).toBeNull();
  });

  it('run --once converges, prints the table and exits 0', async () => {
    const { code, out } = await site.once();
    expect(out).toMatch(/^NAME .*\ncmd-one +Ready +True +kalpana\/test:1/);
    expect(code).toBe(0);
    expect(await site.docker.list(site.label)).toEqual(['workspace-cmd-one: running']);
  });

  it('plan is empty right after a run, and exits 0', async () => {
    expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n', err: '' });
  });

  it('plan names every changed field, and leaves the container alone', async () => {
    const { Id } = await site.docker.container('workspace-cmd-one');
    site.put(one, { image: 'kalpana/test:2', env: [{ name: 'A', value: 'b' }] });
    const { code, out } = await site.plan();
    expect(out.split('\n')[0]).toBe(
      'cmd-one: create container workspace-cmd-one.next from kalpana/test:2  # env A: added, image: kalpana/test:1 -> kalpana/test:2',
    );
    expect(
      out
        .split('\n')
        .slice(1)
        .map((line) => line.replace(/ {2}#.*/, '')),
    ).toEqual([
      'cmd-one: stop workspace-cmd-one',
      'cmd-one: start workspace-cmd-one.next',
      'cmd-one: prepare /workspace of workspace-cmd-one.next for Nix profiles',
      'cmd-one: wait until workspace-cmd-one.next is ready',
      'cmd-one: remove container workspace-cmd-one',
      'cmd-one: rename workspace-cmd-one.next to workspace-cmd-one',
      '',
    ]);
    expect(code).toBe(2);
    expect(await site.docker.container('workspace-cmd-one')).toMatchObject({ Id, State: { Status: 'running' } });
    site.put(one);
  });

  it('plan -o json is one JSON document', async () => {
    const { code, out } = await site.plan('-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ workspaces: [{ name: one, operations: [] }], held: [], problems: [] });
    expect(code).toBe(0);
  });

  it('run --once and plan exit 1 for a spec that cannot be followed, with the reason', async () => {
    site.put('cmd-two', { image: 'kalpana/no-such:1', imagePullPolicy: 'Never' });
    const run = await site.once();
    expect(run.out).toMatch(/^cmd-two +Waiting +False .*the image kalpana\/no-such:1 is not on the engine/m);
    expect(run.out).toMatch(/^cmd-one +Ready/m);
    expect(run.code).toBe(1);
    const plan = await site.plan();
    expect(plan.out).toBe(
      'cmd-two: blocked  # the image kalpana/no-such:1 is not on the engine. imagePullPolicy is Never: build or load the image on the engine.\n',
    );
    expect(plan.code).toBe(1);
    site.drop('cmd-two.json');
  });

  it('a broken file: run --once, plan and validate exit 1 with file, line, column and the nearest field', async () => {
    site.write(
      'broken.json',
      '{\n  "apiVersion": "kalpana.dev/v1",\n  "kind": "Workspace",\n  "metadata": { "name": "cmd-broken" },\n  "spec": { "imgae": "x" }\n}\n',
    );
    const line = new RegExp(`^${site.specs}/broken\\.json:5:\\d+: .*imgae.*image`, 'm');
    const [run, plan, validate] = await Promise.all([site.once(), site.plan(), site.command('validate', site.specs)]);
    expect(run.err).toContain('broken.json:5:');
    expect(plan.err).toMatch(line);
    expect(validate.out).toMatch(line);
    expect([run.code, plan.code, validate.code]).toEqual([1, 1, 1]);
    site.drop('broken.json');
    expect(await site.command('validate', site.specs)).toMatchObject({ code: 0, out: '1 files, 1 objects: valid\n' });
  });

  it('plan and run --once exit 1 without an engine, and say where they looked', async () => {
    const nowhere = 'unix:///nonexistent/docker.sock';
    const common = ['--specs', site.specs, '--state-dir', `${site.dir}/state2`, '--instance', 'cmd'];
    const [plan, run] = await Promise.all(
      ['plan', 'run'].map((word) =>
        kalpanaCommand([word, ...(word === 'run' ? ['--once', '--listen', 'off'] : []), ...common], {
          host: nowhere,
          cwd: site.dir,
        }),
      ),
    );
    for (const ended of [plan, run]) {
      expect(ended?.code).toBe(1);
      expect(ended?.err).toMatch(/^error: .*nonexistent.*no such socket/m);
    }
  });
});
