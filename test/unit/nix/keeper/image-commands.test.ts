import { describe, expect, it } from '@jest/globals';
import { EngineError, type DockerPort } from '../../../../controller/docker/port.js';
import { FailureError } from '../../../../controller/model/reasons.js';
import { importImage, releaseImages } from '../../../../controller/nix/keeper/image-commands.js';
import { createKeeperExec } from '../../../../controller/nix/keeper/keeper-exec.js';
import * as scripts from '../../../../controller/nix/keeper/scripts.js';
import { execBy, failureOf, portOf, type FakeAnswer, type FakeCommand } from '../fake-port.js';

const KEEPER = 'id-keeper';
const SILENCE_MS = 3_720_000;
const MINUTE_MS = 60_000;

/** A keeper in which each script ends as `answer` says. */
function keeperWith(answer: (command: FakeCommand) => FakeAnswer, verbs: Partial<DockerPort> = {}) {
  const { commands: asked, exec } = execBy(answer);
  const docker = portOf({ exec, ...verbs });
  return { asked, docker, exec: createKeeperExec(docker, KEEPER) };
}

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
    const { asked, docker, exec } = keeperWith(
      ({ script }) => (script === scripts.IMPORT_SCRIPT ? { lines: ['kalpana: imported 12'] } : {}),
      { copyPath },
    );
    expect(await importImage(docker, exec, { source: 'probe', imageId, keeperId: KEEPER }, {})).toBe(12);
    expect(words(asked)).toEqual([
      [scripts.PREPARE_IMPORT_SCRIPT, image],
      [scripts.IMPORT_SCRIPT, image],
    ]);
    expect(asked.map(({ user, deadlineMs }) => [user, deadlineMs])).toEqual([
      ['0:0', MINUTE_MS],
      ['0:0', SILENCE_MS],
    ]);
  });

  it('that does not say how much it was is done all the same', async () => {
    const { docker, exec } = keeperWith(() => ({}), { copyPath });
    expect(await importImage(docker, exec, { source: 'probe', imageId, keeperId: KEEPER }, {})).toBe(0);
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
    const { asked, docker, exec } = keeperWith(
      ({ script }) => (script === failing || script === scripts.DROP_IMPORT_SCRIPT ? { exitCode: 1 } : {}),
      { copyPath: failing === 'none' ? () => Promise.reject(lost) : copyPath },
    );
    const error = await importImage(docker, exec, { source: 'probe', imageId, keeperId: KEEPER }, {}).catch(
      (caught: unknown) => caught,
    );
    expect(error).toEqual(failing === 'none' ? lost : expect.any(FailureError));
    expect(asked.map(({ script }) => script)).toEqual(expected);
  });
});

describe('releasing images', () => {
  it('names them by their bare ids', async () => {
    const { asked, exec } = keeperWith(() => ({}));
    await releaseImages(exec, ['sha256:a', 'b'], {});
    expect(asked).toMatchObject([{ script: scripts.RELEASE_SCRIPT, user: '0:0', env: { KALPANA_IMAGES: 'a b' } }]);
  });

  it('that fails says so', async () => {
    const { exec } = keeperWith(() => ({ exitCode: 1 }));
    expect(await failureOf(releaseImages(exec, ['a'], {}))).toEqual({
      reason: 'KeeperNotReady',
      message: 'images could not be released',
    });
  });
});
