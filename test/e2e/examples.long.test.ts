import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { startScratchEngine, testEngineHost } from '../support/e2e/engine.js';
import { kalpanaCommand } from '../support/e2e/kalpana.js';
import { makeSite } from '../support/e2e/kalpana-site.js';

// In each run the demo brings up the same specs by npm start's own way, and plans them again.

const specs = fileURLToPath(new URL('../../deploy/examples/workspaces', import.meta.url));
const secrets = fileURLToPath(new URL('../../deploy/examples/secrets', import.meta.url));

// That they become Ready is the part `demo` of npm test: it makes their image first.
describe('the example specs in deploy/examples', () => {
  it('pass validate', async () => {
    expect(await kalpanaCommand(['validate', specs], { host: testEngineHost(), cwd: '/' })).toMatchObject({
      code: 0,
      out: '3 files, 3 objects: valid\n',
    });
  });

  it('plan on an empty engine: their volumes, containers and starts, in order, and no secret', async () => {
    const engine = await startScratchEngine();
    const site = makeSite('examples', engine.host);
    const { code, out } = await site.command(
      'plan',
      '--specs',
      specs,
      '--secrets-dir',
      secrets,
      '--state-dir',
      site.state,
    );
    expect(code).toBe(2);
    const steps = out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ {2}#.*/, ''));
    expect(steps.slice(0, 3)).toEqual([
      'shared: create network kalpana-workspaces',
      'shared: create volume kalpana-datasets',
      'shared: create volume kalpana-nix-store',
    ]);
    const packages: Readonly<Record<string, string>> = { alice: 'jq, ripgrep', bob: 'jq, tree' };
    for (const name of ['alice', 'bob', 'carol']) {
      const named = packages[name];
      expect(steps.filter((line) => new RegExp(`^${name}: `).test(line) && !line.includes('pull image'))).toEqual([
        ...(named === undefined ? [] : [`${name}: realise environment of ${name} in cache default (${named})`]),
        ...(named === undefined ? [] : [`${name}: wait until the packages of ${name} are in place`]),
        `${name}: create volume kalpana-workspace-${name}`,
        `${name}: create container workspace-${name} from kalpana/workspace:latest`,
        `${name}: start workspace-${name}`,
        // Carol goes without the cache.
        ...(name === 'carol' ? [] : [`${name}: prepare /workspace of workspace-${name} for Nix profiles`]),
      ]);
    }
    expect(await site.docker.volumes('kalpana.managed=true')).toEqual([]);
    expect(await site.docker.list('kalpana.managed=true')).toEqual([]);
  });
});
