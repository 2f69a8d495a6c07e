import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import type { Kalpana } from '../support/e2e/kalpana.js';
import { createSite } from '../support/e2e/kalpana-site.js';
import { NO_CACHE } from '../support/e2e/kalpana-specs.js';

const site = createSite('img', testEngineHost(), NO_CACHE);
let kalpana: Kalpana;
/**
 * A registry that knows no image, and keeps count. The engine reaches it: `npm test` runs the suites in its network.
 */
let registry: Server;
let refused: string;
let manifests = 0;

beforeAll(async () => {
  registry = createServer((request, response) => {
    const isManifest = (request.url ?? '').includes('/manifests/');
    if (isManifest) manifests += 1;
    response.writeHead(isManifest ? 404 : 200, {
      'Content-Type': 'application/json',
      'Docker-Distribution-Api-Version': 'registry/2.0',
    });
    response.end(
      isManifest
        ? JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown to this test' }] })
        : '{}',
    );
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  refused = `127.0.0.1:${(registry.address() as AddressInfo).port}/nobody/nothing:1`;
  kalpana = site.start();
});

afterAll(async () => {
  await new Promise((resolve) => registry.close(resolve));
});

const failedPulls = () =>
  kalpana.logs().filter(({ msg, reason }) => msg === 'operation failed' && reason === 'ImagePullFailed');

describe('an image that does not exist', () => {
  it("is reported with the registry's own words, retried with backoff, and harms no other workspace", async () => {
    const names = [site.put('img-lost', { image: refused }), site.put('img-lost-too', { image: refused })];
    const good = site.put('img-good');
    // One pull at a time: the first to fail is the first to tell; the other waits for that pull.
    await eventually(() => expect(failedPulls().length).toBeGreaterThan(0), { withinMs: 30_000 });
    const first = String(failedPulls()[0]?.['key']);
    await kalpana.until(first, {
      phase: 'Waiting',
      reason: 'ImagePullFailed',
      message: expect.stringMatching(new RegExp(`${refused}.*(manifest unknown|not found)`)),
    });
    await kalpana.ready(good);
    const times = () =>
      failedPulls()
        .filter(({ key }) => key === first)
        .map(({ time }) => Date.parse(String(time)));
    // Another file's image on this engine makes a try worth it before its time: only that the waits grow can be told.
    const longestWait = () =>
      Math.max(
        0,
        ...times()
          .slice(1)
          .map((time, index) => time - (times()[index] ?? 0)),
      );
    await eventually(() => expect(longestWait()).toBeGreaterThan(1_500), { withinMs: 60_000 });
    for (const name of names) await kalpana.until(name, { phase: 'Waiting', reason: 'ImagePullFailed' }, 40_000);
    expect(manifests).toBeGreaterThan(0);
    // A spec that names another image is tried at once, whatever the backoff was.
    site.put('img-lost', { image: 'kalpana/test:2' });
    await kalpana.ready('img-lost');
    expect((await site.docker.container('workspace-img-lost')).Config.Image).toBe('kalpana/test:2');
    site.drop('img-lost-too.json');
  });

  it('that comes by another way than the pull is used at once', async () => {
    const image = 'kalpana/img-loaded:1';
    const name = site.put('img-loaded', { image: `127.0.0.1:1/${image}` });
    await kalpana.until(name, {
      phase: 'Waiting',
      reason: 'ImagePullFailed',
      message: expect.stringContaining('connection refused'),
    });
    await eventually(() => expect(failedPulls().filter(({ key }) => key === name).length).toBeGreaterThanOrEqual(2), {
      withinMs: 40_000,
    });
    await site.docker.tag('kalpana/test:1', `127.0.0.1:1/kalpana/img-loaded`, '1');
    try {
      await kalpana.until(name, { phase: 'Ready' });
    } finally {
      await site.docker.untag(`127.0.0.1:1/${image}`);
    }
  });

  it('that an update names leaves the old container running', async () => {
    const name = site.put('img-update');
    await kalpana.ready(name);
    const { Id } = await site.docker.container(`workspace-${name}`);
    site.put(name, { image: refused });
    await kalpana.until(name, { phase: 'Degraded', reason: 'ImagePullFailed' });
    expect(await site.docker.container(`workspace-${name}`)).toMatchObject({ Id, State: { Status: 'running' } });
    expect(await site.docker.list(`kalpana.workspace.id=${name}`)).toEqual([`workspace-${name}: running`]);
  });
});

describe('imagePullPolicy Never', () => {
  it('waits with ImageMissing for an image that is not there, and goes on as soon as it is', async () => {
    const image = 'kalpana/img-later:1';
    await site.docker.untag(image);
    const name = site.put('img-later', { image, imagePullPolicy: 'Never' });
    await kalpana.until(name, { phase: 'Waiting', reason: 'ImageMissing', message: expect.stringContaining(image) });
    expect(failedPulls().map(({ key }) => key)).not.toContain(name);
    await site.docker.tag('kalpana/test:1', 'kalpana/img-later', '1');
    try {
      await kalpana.until(name, { phase: 'Ready' }, 20_000);
    } finally {
      await site.docker.untag(image);
    }
  });
});
