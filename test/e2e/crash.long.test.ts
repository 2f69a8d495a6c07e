import { describe, expect, it } from '@jest/globals';
import { testEngineHost } from '../support/e2e/engine.js';
import { eventually } from '../support/e2e/eventually.js';
import { startEngineProxy } from '../support/e2e/proxy.js';
import { createSite } from '../support/e2e/kalpana-site.js';

// In each run test/simulation/crash-points kills the controller at every call of a start, a recreation and a removal,
// and histories at random ones; outage has the engine killed in the midst of a recreation.

const host = testEngineHost();
const names = (prefix: string) => [1, 2, 3, 4, 5, 6].map((number) => `${prefix}-${number}`);
const isChange = (call: string) => /^(POST|DELETE) /.test(call);

/** Calls that change something, from start to end of each thing; the controller is killed after so many of them. */
const KILLED_AFTER = [1, 4, 8, 13, 19] as const;

describe('the controller killed (SIGKILL) again and again', () => {
  const site = createSite('crash', host);
  const all = names('crash');
  const expected = all.map((name) => `workspace-${name}: running`);

  /** Kills the controller in the middle of what it does, once for each number; then lets it finish. */
  async function convergeThroughKills(): Promise<void> {
    const proxy = await startEngineProxy(host);
    for (const count of KILLED_AFTER) {
      const before = proxy.calls().filter(isChange).length;
      const kalpana = site.start({ host: proxy.host });
      const changes = () => proxy.calls().filter(isChange).length - before;
      await eventually(
        async () => {
          // It may finish before so many changes: then there is nothing left to be killed in.
          if (changes() < count) await kalpana.ready(...all);
        },
        { withinMs: 40_000 },
      );
      await kalpana.kill();
    }
    await proxy.close();
    const last = site.start();
    await eventually(async () => expect(await site.docker.list(site.label)).toEqual(expected), { withinMs: 40_000 });
    await last.ready(...all);
    await last.stop();
    expect(await site.docker.volumes(site.label)).toEqual(all.map((name) => `kalpana-workspace-${name}`));
    expect(await site.plan()).toMatchObject({ code: 0, out: 'Nothing to do.\n', err: '' });
  }

  it('during a cold start of six: converges, nothing twice, and the plan is empty', async () => {
    for (const name of all) site.put(name);
    await convergeThroughKills();
    await Promise.all(all.map((name) => site.docker.sh(`workspace-${name}`, `echo ${name} > /workspace/file`)));
  });

  it('during the recreation of six: converges, no .next left, nothing lost, and the plan is empty', async () => {
    for (const name of all) site.put(name, { image: 'kalpana/test:2' });
    await convergeThroughKills();
    for (const name of all) {
      expect((await site.docker.container(`workspace-${name}`)).Config.Image).toBe('kalpana/test:2');
      expect(await site.docker.read(`workspace-${name}`, '/workspace/file')).toBe(name);
    }
  });
});
