import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../../../controller/docker/port.js';
import { FailureError, type Failure } from '../../../../controller/model/reasons.js';
import { commandFailure, createKeeperCommands } from '../../../../controller/nix/keeper/keeper-commands.js';
import * as scripts from '../../../../controller/nix/keeper/scripts.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { execBy, failureOf, portOf, type FakeAnswer, type FakeCommand } from '../fake-port.js';

const KEEPER = 'id-keeper';
const MINUTE_MS = 60_000;

/** A keeper in which each script ends as `answer` says. */
function keeperWith(answer: (command: FakeCommand) => FakeAnswer) {
  const { commands: asked, exec } = execBy(answer);
  return { asked, commands: createKeeperCommands(portOf({ exec }), KEEPER, createManualClock()) };
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
    [
      'says that the disk is full, in the words of a database that hangs on it',
      new EngineError('timeout', 'exec', 'The engine was silent for 60 s: database or disk is full'),
      {
        reason: 'CacheDiskFull',
        message: 'the keeper of the cache team went away: The engine was silent for 60 s: database or disk is full',
      },
    ],
  ])('%s', (_what, error, failure) => expect(commandFailure(error, 'team')).toEqual(failure));

  it('of another kind is a fault, and thrown on', () => {
    const fault = new TypeError('undefined is not a function');
    expect(() => commandFailure(fault, 'team')).toThrow(fault);
  });
});
