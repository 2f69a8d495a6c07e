import { afterEach, describe, expect, it } from '@jest/globals';
import type { Actions } from '../../../controller/cli/actions.js';
import { createClientActions } from '../../../controller/cli/client/client-actions.js';
import { controlSocketPath } from '../../../controller/cli/client/control-client.js';
import { runCli } from '../../../controller/cli/program.js';
import { describeCacheText } from '../../../controller/cli/text/describe-cache-text.js';
import { damageText } from '../../../controller/model/verify-text.js';
import type { VerifyNews, VerifyRun } from '../../../controller/model/verify-status.js';
import { createHarness } from '../server/harness.js';
import { sampleCacheStatus, START } from '../status/samples.js';
import { HELLO, JQ, paths, sampleVerification, sampleVerify, verifiedReport } from '../status/verify-samples.js';
import { captureIo, runNoting } from './harness.js';

const { store, make, directory, cleanUp } = createHarness();
store.reportCache(verifiedReport(sampleVerify()));
afterEach(cleanUp);

const DAMAGED = { result: 'damaged', damaged: paths(HELLO, JQ), lost: paths(JQ) } as const;

/** Runs a command line against a controller whose verifications end with this. */
async function kalpana(line: string, ...news: readonly VerifyNews[]) {
  const stateDir = directory();
  const asked: unknown[] = [];
  await make({
    socketPath: controlSocketPath(stateDir),
    async onVerify(cache, how, onNews) {
      asked.push([cache, how]);
      news.forEach(onNews);
    },
  }).start();
  const { io, written } = captureIo();
  const actions = createClientActions(io) as Actions;
  const code = await runCli([...line.split(' '), '--state-dir', stateDir], { actions, io, version: '1.2.3' });
  return { code, asked, ...written };
}

const ended = (changes: Partial<VerifyRun> = {}): VerifyNews => ({
  type: 'run',
  cache: 'default',
  run: sampleVerification({ trigger: 'request', ...changes }),
});

describe('kalpana cache verify', () => {
  it.each([
    ['cache verify', { cache: 'default', repair: false }],
    ['cache verify team --repair', { cache: 'team', repair: true }],
  ])('%s asks for that', async (line, options) => {
    const { code, calls } = await runNoting(line.split(' '), 1);
    expect([code, calls]).toEqual([1, { cacheVerify: expect.objectContaining(options) }]);
  });

  it('tells its progress, and that the store is whole', async () => {
    const progress: VerifyNews = { type: 'progress', cache: 'default', message: '50 of 312 paths verified' };
    expect(await kalpana('cache verify', progress, ended({ mended: paths(HELLO) }))).toEqual({
      code: 0,
      asked: [['default', { repair: false }]],
      out: 'default: 16 of 312 paths (80.0 MiB) verified in 9.5 s; none damaged, 1 mended\n' + `  mended ${HELLO}\n`,
      err: 'default: 50 of 312 paths verified\n',
    });
  });

  it('names what is damaged and what is lost, and fails', async () => {
    expect(await kalpana('cache verify default --repair', ended(DAMAGED))).toEqual({
      code: 1,
      asked: [['default', { repair: true }]],
      out:
        'default: 16 of 312 paths (80.0 MiB) verified in 9.5 s; 2 damaged, 1 of them lost\n' +
        `  damaged ${HELLO}\n  lost ${JQ}\n`,
      err: `error: default: ${damageText('default', DAMAGED)}\n`,
    });
  });

  it('fails when not everything was looked at, and when it is refused', async () => {
    const failure = { reason: 'VerifyEnded', message: 'it gave way to other work' } as const;
    expect(await kalpana('cache verify', ended({ result: 'aborted', failure }))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: default: it gave way to other work\. What was not looked at /),
    });
    const refused: VerifyNews = { type: 'refused', cache: 'default', message: 'a verification is under way' };
    expect(await kalpana('cache verify', refused)).toMatchObject({
      code: 1,
      out: '',
      err: 'error: default: a verification is under way\n',
    });
    expect(await kalpana('cache verify blue')).toMatchObject({
      code: 1,
      err: "error: blue: there is no cache 'blue'\n",
    });
  });

  it('prints all of it as JSON', async () => {
    const { code, out } = await kalpana('cache verify -o json', ended(DAMAGED));
    expect([code, JSON.parse(out)]).toEqual([1, ended(DAMAGED)]);
  });
});

describe('kalpana describe cache', () => {
  const section = (verify = sampleVerify()) =>
    /\nVerification:\n([^]*?)\n\n/.exec(describeCacheText(sampleCacheStatus(verifiedReport(verify)), [], START))?.[1];

  it('shows how the store is verified and how that went', () => {
    expect(section()).toBe(`\
  Schedule:   0 3 * * * (Europe/Berlin), 5%
  Next run:   2026-01-01T02:00:00.000Z (in 2h)
  Under way:  nothing
  Last run:   2025-12-31T22:59:50.500Z, schedule, intact, 16 of 312 paths (80.0 MiB), none damaged
  Damaged:    nothing that is known`);
  });

  it('shows damage, a run under way, and no schedule', () => {
    const text = section(
      sampleVerify({
        config: { schedule: '0 3 * * *', timeZone: 'UTC', share: null },
        nextRunAt: null,
        underWay: '50 of 312 paths verified',
        runs: [],
        damaged: paths(HELLO),
      }),
    );
    expect(text).toMatch(/Schedule: +none\n +Next run: +none\n +Under way: +50 of 312 paths verified\n/);
    expect(text).toMatch(/Last run: +none\n +Damaged: +1 path of the store is not as registered, such as/);
  });
});
