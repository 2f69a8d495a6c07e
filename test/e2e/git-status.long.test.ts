import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Provider } from '../../controller/notify/providers.js';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { openHost, REPOSITORY, TOKEN, type Host } from '../support/git/fake-hosts.js';
import { createRepository, type TestRepository } from '../support/git/repository.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE, workspace } from '../support/e2e/kalpana-specs.js';

// In each run test/unit/notify has every answer of these hosts, git-deploy the commits.

/** A repository, its workspace `gs-<provider>`, and the host that shows the states of its commits and of no others. */
interface Place {
  readonly repository: TestRepository;
  readonly host: Host;
}

const PROVIDERS = ['github', 'gitlab', 'gitea'] as const;
const FAILED: Readonly<Record<Provider, string>> = { github: 'failure', gitlab: 'failed', gitea: 'failure' };

const site = createSite('gitstatus', testEngineHost());
const places = new Map<Provider, Place>();

const text = (provider: Provider, spec: object = {}) =>
  JSON.stringify(workspace(`gs-${provider}`, { ...NO_CACHE, ...spec }));

function placeOf(provider: Provider): Place {
  const place = places.get(provider);
  if (place === undefined) throw new Error(`${provider} is not open`);
  return place;
}

async function openPlace(provider: Provider): Promise<Place> {
  const repository = createRepository(join(site.dir, `repos/${provider}.git`));
  repository.commit({ 'spec.json': text(provider) });
  const host = await openHost(provider, (revision) => repository.has(revision));
  return { repository, host };
}

function flagsOf(provider: Provider, { repository, host }: Place): string[] {
  return [
    ...['--git', repository.url, '--git-name', provider, '--git-ref', 'main'],
    ...[
      '--git-status',
      provider,
      '--git-status-api',
      host.api,
      '--git-status-repository',
      REPOSITORY[provider],
      '--git-status-token-file',
      join(site.secrets, 'token'),
    ],
  ];
}

/** One controller with all three: each has to be told of its own commits, in its own words. */
beforeAll(async () => {
  site.secret('token', `${TOKEN}\n`);
  mkdirSync(join(site.dir, 'repos'));
  for (const provider of PROVIDERS) places.set(provider, await openPlace(provider));
  site.start({ flags: [...places].flatMap(([provider, place]) => flagsOf(provider, place)) });
});
afterAll(() => Promise.all([...places.values()].map(({ host }) => host.close())));

describe.each(PROVIDERS)('%s', (provider) => {
  const states = (revision: string) =>
    placeOf(provider)
      .host.shown(revision)
      .map(({ state }) => state);
  const shows = (revision: string, ...wanted: string[]) =>
    eventually(() => expect(states(revision)).toEqual(wanted), { withinMs: 40_000 });
  const last = (revision: string) => placeOf(provider).host.shown(revision).at(-1);

  it('shows a commit as pending, and as good when its workspaces run', async () => {
    const revision = placeOf(provider).repository.head()!;
    await shows(revision, 'pending', 'success');
    expect(last(revision)).toEqual({
      state: 'success',
      context: `kalpana/${site.instance}/${provider}`,
      description: '1 workspace converged',
    });
  });

  it('shows one that is not applied as failed, with the place of its fault', async () => {
    const revision = placeOf(provider).repository.commit({ 'spec.json': '{"kind": 1' });
    await shows(revision, FAILED[provider]);
    expect(last(revision)?.description).toMatch(/is not applied: spec\.json:1:/);
  });

  it('shows one that is in force and cannot run as failed, and the one that mends it as good', async () => {
    const { repository } = placeOf(provider);
    const broken = repository.commit({
      'spec.json': text(provider, { image: 'nobody/has-this:1', imagePullPolicy: 'Never' }),
    });
    await shows(broken, 'pending', FAILED[provider]);
    expect(last(broken)?.description).toMatch(new RegExp(`^gs-${provider}: `));
    await shows(repository.commit({ 'spec.json': text(provider) }), 'pending', 'success');
  });

  it('shows a state that it refused at first for a fault of its own', async () => {
    const { repository, host } = placeOf(provider);
    host.moods.push({ status: 503 });
    await shows(repository.commit({ 'spec.json': '{"kind": 2' }), FAILED[provider]);
  });

  it('was told of nothing else', () => {
    const { host } = placeOf(provider);
    expect(host.answers.filter((status) => status !== 201)).toEqual([503]);
    expect(host.answers).toHaveLength(2 + 1 + 2 + 2 + 2);
  });
});
