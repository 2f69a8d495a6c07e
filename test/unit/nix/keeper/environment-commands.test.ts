import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import type { Failure } from '../../../../controller/model/reasons.js';
import {
  realiseEnvironment,
  resolveEnvironment,
  type RunningCommand,
} from '../../../../controller/nix/keeper/environment-commands.js';
import { createKeeperExec } from '../../../../controller/nix/keeper/keeper-exec.js';
import * as scripts from '../../../../controller/nix/keeper/scripts.js';
import { environmentRequest } from '../../../../controller/nix/packages/environment-key.js';
import { execBy, failureOf, portOf, type FakeAnswer, type FakeCommand } from '../fake-port.js';

const SILENCE_MS = 3_720_000;
const path = (name: string) => `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${name}`;
const request = environmentRequest('/nixpkgs', ['git']);
const derivation = `${path(`kalpana-env-${request.key}`)}.drv`;
const fetchList = `/nix/var/kalpana/home/${request.key}.fetch`;

/** A keeper in which each script ends as `answer` says. */
function keeperWith(answer: (command: FakeCommand) => FakeAnswer) {
  const { commands: asked, exec } = execBy(answer);
  return { asked, exec: createKeeperExec(portOf({ exec }), 'id-keeper') };
}

describe('resolving an environment', () => {
  const told = [`kalpana: pid 7`, `kalpana: derivation ${derivation}`];

  it('sends the request through the daemon, and gives what the store lacks', async () => {
    const { asked, exec } = keeperWith(() => ({
      lines: [
        ...told,
        'these 2 derivations will be built:',
        `kalpana: out ${path('hello')}`,
        `kalpana: out ${path('own')}.drv  `,
        `kalpana: out ${derivation}`,
        'kalpana: out elsewhere',
      ],
    }));
    expect(await resolveEnvironment(exec, request, {})).toEqual({
      derivation,
      wants: new Set([path('hello'), `${path('own')}.drv`]),
    });
    expect(asked).toMatchObject([
      {
        script: scripts.RESOLVE_SCRIPT,
        user: scripts.COMMAND_USER,
        env: { KALPANA_REQUEST: JSON.stringify(request), KALPANA_FETCH_LIST: fetchList },
        deadlineMs: SILENCE_MS,
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
    const { exec } = keeperWith(() => answer);
    expect(await failureOf(resolveEnvironment(exec, request, {}))).toEqual({
      reason,
      message: expect.stringMatching(message),
    });
  });

  const refusals: readonly [string, string, RegExp][] = [
    [
      'one path',
      `kalpana: refused 403 https://cache.example/abc.narinfo ${path('own')}`,
      /^https:\/\/cache\.example answers HTTP 403 for own$/,
    ],
    ['anything', 'kalpana: refused 401 http://cache:8080/nix-cache-info ', /^http:\/\/cache:8080 answers HTTP 401$/],
    [
      'a path, with a password in its address',
      `kalpana: refused 407 https://me:secret@cache.example/x/abc.narinfo ${path('own')}`,
      /^https:\/\/cache\.example answers HTTP 407 for own$/,
    ],
  ];
  it.each(refusals)('builds nothing when a substituter does not let us have %s', async (_what, line, message) => {
    const { exec } = keeperWith(() => ({
      lines: [...told, `kalpana: out ${path('own')}.drv`, line, `warning: unable to download 'https://a/x': away`],
    }));
    expect(await failureOf(resolveEnvironment(exec, request, {}))).toEqual({
      reason: 'SubstituterRefused',
      message: expect.stringMatching(message),
    });
  });

  it('builds nothing when Nix 2.8 takes a refusal for something that is no binary cache', async () => {
    const { exec } = keeperWith(() => ({
      lines: [
        ...told,
        `warning: 'http://cache' does not appear to be a binary cache`,
        `kalpana: out ${path('own')}.drv`,
      ],
    }));
    expect(await failureOf(resolveEnvironment(exec, request, {}))).toEqual({
      reason: 'PackageFetchFailed',
      message: "'http://cache' does not appear to be a binary cache",
    });
  });

  it('goes on while a cache is away where nothing would be built', async () => {
    const { exec } = keeperWith(() => ({
      lines: [...told, `warning: unable to download 'https://a/x': away`, `kalpana: out ${path('hello')}`],
    }));
    expect((await resolveEnvironment(exec, request, {})).wants).toEqual(new Set([path('hello')]));
  });
});

describe('realising an environment', () => {
  const environment = path(`kalpana-env-${request.key}`);

  it('tells its progress and its command, and gives what was there', async () => {
    const { asked, exec } = keeperWith(() => ({
      lines: [
        'kalpana: pid 42',
        'copying',
        `kalpana: closure 100 ${path('hello')}`,
        `kalpana: environment ${environment}`,
      ],
    }));
    let told = 0;
    const running: RunningCommand[] = [];
    const realised = await realiseEnvironment(
      exec,
      { request, derivation, onProgress: () => void (told += 1), onStart: (command) => void running.push(command) },
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
        deadlineMs: SILENCE_MS,
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
    const { exec } = keeperWith(() => ({ lines: [`kalpana: ${words}`] }));
    const begin = () => {
      throw new Error('begun');
    };
    await realiseEnvironment(exec, { request, derivation, onProgress: () => undefined, onStart: begin }, {});
  });

  it('fails with the words of Nix', async () => {
    const lines = ["error: unable to download 'https://a/x': HTTP error 500"];
    const { exec } = keeperWith(() => ({ lines, exitCode: 11 }));
    const begun = realiseEnvironment(
      exec,
      { request, derivation, onProgress: () => undefined, onStart: () => undefined },
      {},
    );
    expect(await failureOf(begun)).toMatchObject({ reason: 'PackageFetchFailed' });
  });

  it('that cannot be cancelled is left to itself', async () => {
    const gone = new EngineError('conflict', 'exec', 'it is not running');
    const { exec } = keeperWith(({ script }) => {
      if (script === scripts.CANCEL_SCRIPT) throw gone;
      return { lines: ['kalpana: pid 42'] };
    });
    const cancel = (command: RunningCommand) => command.cancel();
    await realiseEnvironment(exec, { request, derivation, onProgress: () => undefined, onStart: cancel }, {});
  });
});
