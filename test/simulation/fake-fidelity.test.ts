import { describe, expect, it } from '@jest/globals';
import { commandsOf, ENGINE_BEHAVIOURS } from '../support/engine/engine-behaviours.js';
import { createFakeEngine } from '../support/engine/fake-engine.js';
import { createSimClock } from '../support/sim/clock.js';

describe('the fake engine behaves as a real one (test/e2e runs the same table)', () => {
  it.each(ENGINE_BEHAVIOURS)('$title', async ({ run, expected }) => {
    const clock = createSimClock();
    const engine = createFakeEngine({ clock, exec: commandsOf(() => engine.state) });
    engine.state.imageDirectories.set(
      'app:1',
      new Map([
        ['/etc', ['group', 'passwd']],
        ['/bin', ['ash', 'cat', 'sh']],
      ]),
    );
    engine.state.images.add('app:1');
    engine.state.missingPaths.add('/kalpana-absent');
    engine.state.networks.set('bridge', { id: 'bridge', labels: {} });
    let seen = '';
    const pause = (id: string) => Promise.resolve(engine.hands.pause(id));
    const running = run({
      docker: engine.connect().port,
      image: 'app:1',
      prefix: 'fidelity',
      hostPort: 8080,
      pause,
    }).then((result) => (seen = result));
    await clock.runUntil(() => seen !== '', 1_000);
    await running;
    expect(seen).toBe(expected);
  });
});
