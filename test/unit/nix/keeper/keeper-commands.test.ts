import { describe, expect, it } from '@jest/globals';
import { EngineError, type DockerPort } from '../../../../controller/docker/port.js';
import { FailureError, type Failure } from '../../../../controller/model/reasons.js';
import {
  commandFailure,
  createKeeperCommands,
  type RunningCommand,
} from '../../../../controller/nix/keeper/keeper-commands.js';
import * as scripts from '../../../../controller/nix/keeper/scripts.js';
import { environmentRequest } from '../../../../controller/nix/packages/environment-key.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { execBy, portOf, type FakeAnswer, type FakeCommand } from '../fake-port.js';

const KEEPER = 'id-keeper';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const path = (name: string) => `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${name}`;
const request = environmentRequest('/nixpkgs', ['git']);
const derivation = `${path(`kalpana-env-${request.key}`)}.drv`;
const fetchList = `/nix/var/kalpana/home/${request.key}.fetch`;

/** A keeper in which each script ends as `answer` says. */
function keeperWith(answer: (command: FakeCommand) => FakeAnswer, verbs: Partial<DockerPort> = {}) {
  const { commands: asked, exec } = execBy(answer);
  return { asked, commands: createKeeperCommands(portOf({ exec, ...verbs }), KEEPER, createManualClock()) };
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof FailureError)) throw new Error(`no failure, but ${String(error)}`);
  return error.failure;
}

describe('an inventory', () => {
  it('is asked as root, for at most a minute of silence', async () => {
    const { asked, commands } = keeperWith(() => ({ lines: ['Nix says hello', 'kalpana: version 2.26.3'] }));
    expect(await commands.inventory({})).toMatchObject({ nixVersion: '2.26.3' });
    expect(asked).toEqual([{ script: scripts.INVENTORY_SCRIPT, user: '0:0', env: {}, deadlineMs: MINUTE_MS }]);
  });

  it.each<[string, readonly string[], Failure]>([
    [
      'with the last words that are not for us',
      ['error: one', 'error: two', '', 'kalpana: silent'],
      { reason: 'KeeperNotReady', message: 'the Nix daemon does not answer: error: two' },
    ],
    ['without words', ['kalpana: silent'], { reason: 'KeeperNotReady', message: 'the Nix daemon does not answer' }],
    [
      'on a full disk',
      ['mkdir: No space left on device', 'bye'],
      { reason: 'CacheDiskFull', message: 'the Nix daemon does not answer: bye' },
    ],
  ])('fails %s', async (_what, lines, failure) => {
    const { commands } = keeperWith(() => ({ lines, exitCode: 1 }));
    expect(await failureOf(commands.inventory({}))).toEqual(failure);
  });
});

describe('resolving an environment', () => {
  const told = [`kalpana: pid 7`, `kalpana: derivation ${derivation}`];

  it('sends the request through the daemon, and gives what the store lacks', async () => {
    const { asked, commands } = keeperWith(() => ({
      lines: [
        ...told,
        'these 2 derivations will be built:',
        `kalpana: out ${path('hello')}`,
        `kalpana: out ${path('own')}.drv  `,
        `kalpana: out ${derivation}`,
        'kalpana: out elsewhere',
      ],
    }));
    expect(await commands.resolve(request, {})).toEqual({
      derivation,
      wants: new Set([path('hello'), `${path('own')}.drv`]),
    });
    expect(asked).toMatchObject([
      {
        script: scripts.RESOLVE_SCRIPT,
        user: scripts.COMMAND_USER,
        env: { KALPANA_REQUEST: JSON.stringify(request), KALPANA_FETCH_LIST: fetchList },
        deadlineMs: HOUR_MS,
      },
    ]);
  });

  it.each<[string, FakeAnswer, Failure['reason'], RegExp]>([
    ['an evaluation fails', { lines: ['error: syntax'], exitCode: 10 }, 'PackageEvaluationFailed', /^syntax$/],
    ['nothing is said', { exitCode: 12 }, 'PackageEvaluationFailed', /^Nix gave no reason$/],
    ['no derivation is told', { lines: ['kalpana: derivations none'] }, 'PackageEvaluationFailed', /no reason/],
    [
      'it would build because a cache is away',
      { lines: [...told, `warning: unable to download 'https://a/x': away`, `kalpana: out ${path('own')}.drv`] },
      'PackageFetchFailed',
      /unable to download/,
    ],
  ])('fails when %s', async (_what, answer, reason, message) => {
    const { commands } = keeperWith(() => answer);
    expect(await failureOf(commands.resolve(request, {}))).toEqual({ reason, message: expect.stringMatching(message) });
  });

  it('goes on while a cache is away where nothing would be built', async () => {
    const { commands } = keeperWith(() => ({
      lines: [...told, `warning: unable to download 'https://a/x': away`, `kalpana: out ${path('hello')}`],
    }));
    expect((await commands.resolve(request, {})).wants).toEqual(new Set([path('hello')]));
  });
});

describe('realising an environment', () => {
  const environment = path(`kalpana-env-${request.key}`);

  it('tells its progress and its command, and gives what was there', async () => {
    const { asked, commands } = keeperWith(() => ({
      lines: [
        'kalpana: pid 42',
        'copying',
        `kalpana: closure 100 ${path('hello')}`,
        `kalpana: environment ${environment}`,
      ],
    }));
    let told = 0;
    const running: RunningCommand[] = [];
    const realised = await commands.realise(
      request,
      derivation,
      () => void (told += 1),
      (command) => void running.push(command),
      {},
    );
    expect(realised).toMatchObject({
      environment: { path: environment, paths: 1, bytes: 100 },
      hit: new Map([[path('hello'), 100]]),
    });
    expect([told, running.length]).toEqual([1, 1]);
    expect(asked).toEqual([
      {
        script: scripts.REALISE_SCRIPT,
        user: scripts.COMMAND_USER,
        env: { KALPANA_KEY: request.key, KALPANA_DERIVATION: derivation, KALPANA_FETCH_LIST: fetchList },
        deadlineMs: HOUR_MS,
      },
    ]);
    running[0]?.cancel();
    expect(asked[1]).toMatchObject({
      script: scripts.CANCEL_SCRIPT,
      user: scripts.COMMAND_USER,
      env: { KALPANA_PID: '42' },
    });
  });

  it.each(['pid', 'pid x', 'pid 4; rm', 'pid -1'])('has no command to cancel when it tells "%s"', async (words) => {
    const { commands } = keeperWith(() => ({ lines: [`kalpana: ${words}`] }));
    const begin = () => {
      throw new Error('begun');
    };
    await commands.realise(request, derivation, () => undefined, begin, {});
  });

  it('fails with the words of Nix', async () => {
    const lines = ["error: unable to download 'https://a/x': HTTP error 500"];
    const { commands } = keeperWith(() => ({ lines, exitCode: 11 }));
    const begun = commands.realise(
      request,
      derivation,
      () => undefined,
      () => undefined,
      {},
    );
    expect(await failureOf(begun)).toMatchObject({ reason: 'PackageFetchFailed' });
  });

  it('that cannot be cancelled is left to itself', async () => {
    const gone = new EngineError('conflict', 'exec', 'it is not running');
    const { commands } = keeperWith(({ script }) => {
      if (script === scripts.CANCEL_SCRIPT) throw gone;
      return { lines: ['kalpana: pid 42'] };
    });
    const cancel = (command: RunningCommand) => command.cancel();
    await commands.realise(request, derivation, () => undefined, cancel, {});
  });
});

describe('linking profiles', () => {
  const environment = path('kalpana-env-a');

  it('is a command of its own where nothing waits for links, and tells of each profile', async () => {
    const { asked, commands } = keeperWith(({ script }) => {
      if (script === scripts.LINK_SESSION_SCRIPT) throw new EngineError('unreachable', 'exec', 'away');
      return { lines: ['kalpana: linked alice', 'linked mallory', 'kalpana: linked bob'] };
    });
    const linked: string[] = [];
    await commands.link(environment, ['alice', 'bob'], (workspace) => void linked.push(workspace), {});
    expect(linked).toEqual(['alice', 'bob']);
    expect(asked.find(({ script }) => script === scripts.LINK_SCRIPT)).toEqual({
      script: scripts.LINK_SCRIPT,
      user: scripts.COMMAND_USER,
      env: { KALPANA_ENVIRONMENT: environment, KALPANA_WORKSPACES: 'alice bob' },
      deadlineMs: MINUTE_MS,
    });
  });

  it('goes through the shell that waits for links, where one does', async () => {
    const asked: string[] = [];
    const scriptsRun: string[] = [];
    const exec: DockerPort['exec'] = async (_id, { command, onInput, onLine }) => {
      scriptsRun.push(command[2] ?? '');
      onInput?.((text) => {
        asked.push(text);
        for (const line of ['kalpana: linked alice', 'kalpana: ended 0']) onLine(line);
      });
      return onInput === undefined ? { exitCode: 0 } : new Promise(() => undefined);
    };
    const commands = createKeeperCommands(portOf({ exec }), KEEPER, createManualClock());
    commands.expectLinks({});
    const linked: string[] = [];
    await commands.link(environment, ['alice'], (workspace) => void linked.push(workspace), {});
    expect([asked, linked, scriptsRun]).toEqual([[`${environment} alice\n`], ['alice'], [scripts.LINK_SESSION_SCRIPT]]);
    commands.leave();
    await commands.link(environment, ['alice'], () => undefined, {});
    expect(scriptsRun[1]).toBe(scripts.LINK_SESSION_SCRIPT);
    expect(scriptsRun[2]).toBe(scripts.LINK_SCRIPT);
    commands.leave();
  });

  it('fails when a profile is not switched', async () => {
    const { commands } = keeperWith(() => ({ lines: ['kalpana: gone'], exitCode: 13 }));
    expect(await failureOf(commands.link(environment, ['alice'], () => undefined, {}))).toEqual({
      reason: 'KeeperNotReady',
      message: 'the profile could not be switched',
    });
  });
});

describe("importing an image's store", () => {
  const imageId = `sha256:${'a'.repeat(64)}`;
  const image = 'a'.repeat(64);
  const words = (asked: readonly FakeCommand[]) => asked.map(({ script, env }) => [script, env['KALPANA_IMAGE']]);
  const copyPath: DockerPort['copyPath'] = async (from, to) =>
    expect([from, to]).toEqual([
      { container: 'probe', path: '/nix/store' },
      { container: KEEPER, directory: `/nix/var/kalpana/import/${image}/nix` },
    ]);

  it('copies it beside the store, and takes it in from there', async () => {
    const { asked, commands } = keeperWith(
      ({ script }) => (script === scripts.IMPORT_SCRIPT ? { lines: ['kalpana: imported 12'] } : {}),
      { copyPath },
    );
    expect(await commands.importImage('probe', imageId, {})).toBe(12);
    expect(words(asked)).toEqual([
      [scripts.PREPARE_IMPORT_SCRIPT, image],
      [scripts.IMPORT_SCRIPT, image],
    ]);
    expect(asked.map(({ user, deadlineMs }) => [user, deadlineMs])).toEqual([
      ['0:0', MINUTE_MS],
      ['0:0', HOUR_MS],
    ]);
  });

  it('that does not say how much it was is done all the same', async () => {
    const { commands } = keeperWith(() => ({}), { copyPath });
    expect(await commands.importImage('probe', imageId, {})).toBe(0);
  });

  it.each([
    ['the copy fails', 'none', [scripts.PREPARE_IMPORT_SCRIPT, scripts.DROP_IMPORT_SCRIPT]],
    [
      'the import fails',
      scripts.IMPORT_SCRIPT,
      [scripts.PREPARE_IMPORT_SCRIPT, scripts.IMPORT_SCRIPT, scripts.DROP_IMPORT_SCRIPT],
    ],
    [
      'it cannot be prepared',
      scripts.PREPARE_IMPORT_SCRIPT,
      [scripts.PREPARE_IMPORT_SCRIPT, scripts.DROP_IMPORT_SCRIPT],
    ],
  ])('leaves nothing behind when %s', async (_what, failing, expected) => {
    const lost = new EngineError('server', 'copyPath', 'no space left');
    const { asked, commands } = keeperWith(
      ({ script }) => (script === failing || script === scripts.DROP_IMPORT_SCRIPT ? { exitCode: 1 } : {}),
      { copyPath: failing === 'none' ? () => Promise.reject(lost) : copyPath },
    );
    const error = await commands.importImage('probe', imageId, {}).catch((caught: unknown) => caught);
    expect(error).toEqual(failing === 'none' ? lost : expect.any(FailureError));
    expect(asked.map(({ script }) => script)).toEqual(expected);
  });
});

describe('other commands', () => {
  it('measure the store in bytes', async () => {
    const { commands } = keeperWith(() => ({ lines: ['du: cannot read', 'kalpana: store 3 4'] }));
    expect(await commands.measure({})).toEqual({ bytes: 3072, paths: 4 });
  });

  it('release images by their bare ids', async () => {
    const { asked, commands } = keeperWith(() => ({}));
    await commands.release(['sha256:a', 'b'], {});
    expect(asked).toMatchObject([{ script: scripts.RELEASE_SCRIPT, user: '0:0', env: { KALPANA_IMAGES: 'a b' } }]);
  });

  it('mark the volume', async () => {
    const { asked, commands } = keeperWith(() => ({}));
    await commands.requestWipe({});
    expect(asked).toMatchObject([{ script: scripts.WIPE_SCRIPT, user: '0:0' }]);
  });

  it.each([
    ['measure', 'the store could not be measured'],
    ['release', 'images could not be released'],
    ['requestWipe', 'the cache could not be marked'],
  ] as const)('%s: a failure says that %s', async (verb, message) => {
    const { commands } = keeperWith(() => ({ exitCode: 1 }));
    const under = verb === 'release' ? commands.release([], {}) : commands[verb]({});
    expect(await failureOf(under)).toEqual({ reason: 'KeeperNotReady', message });
  });
});

describe("a command's error", () => {
  it.each<[string, Error, Failure]>([
    [
      'of ours is told as it is',
      new FailureError({ reason: 'CacheDiskFull', message: 'full' }),
      { reason: 'CacheDiskFull', message: 'full' },
    ],
    [
      "of the engine is the keeper's",
      new EngineError('conflict', 'exec', 'it is not running'),
      { reason: 'KeeperNotReady', message: 'the keeper of the cache team went away: it is not running' },
    ],
  ])('%s', (_what, error, failure) => expect(commandFailure(error, 'team')).toEqual(failure));

  it('of another kind is a fault, and thrown on', () => {
    const fault = new TypeError('undefined is not a function');
    expect(() => commandFailure(fault, 'team')).toThrow(fault);
  });
});
