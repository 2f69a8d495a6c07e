import { describe, expect, it } from '@jest/globals';
import { EngineError, type DockerPort } from '../../../../controller/docker/port.js';
import { createKeeperExec } from '../../../../controller/nix/keeper/keeper-exec.js';
import { createLinkCommands } from '../../../../controller/nix/keeper/link-commands.js';
import * as scripts from '../../../../controller/nix/keeper/scripts.js';
import { createManualClock } from '../../../support/manual-clock.js';
import { execBy, failureOf, portOf, type FakeAnswer, type FakeCommand } from '../fake-port.js';

const MINUTE_MS = 60_000;

function linksOf(exec: DockerPort['exec']) {
  const docker = portOf({ exec });
  return createLinkCommands(docker, createKeeperExec(docker, 'id-keeper'), 'id-keeper', createManualClock());
}

/** A keeper in which each script ends as `answer` says. */
function keeperWith(answer: (command: FakeCommand) => FakeAnswer) {
  const { commands: asked, exec } = execBy(answer);
  return { asked, links: linksOf(exec) };
}

const path = (name: string) => `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${name}`;

describe('linking profiles', () => {
  const environment = path('kalpana-env-a');

  it('is a command of its own where nothing waits for links, and tells of each profile', async () => {
    const { asked, links } = keeperWith(({ script }) => {
      if (script === scripts.LINK_SESSION_SCRIPT) throw new EngineError('unreachable', 'exec', 'away');
      return { lines: ['kalpana: linked alice', 'linked mallory', 'kalpana: linked bob'] };
    });
    const linked: string[] = [];
    await links.link(environment, ['alice', 'bob'], (workspace) => void linked.push(workspace), {});
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
    const links = linksOf(exec);
    links.expectLinks({});
    const linked: string[] = [];
    await links.link(environment, ['alice'], (workspace) => void linked.push(workspace), {});
    expect([asked, linked, scriptsRun]).toEqual([[`${environment} alice\n`], ['alice'], [scripts.LINK_SESSION_SCRIPT]]);
    links.leave();
    await links.link(environment, ['alice'], () => undefined, {});
    expect(scriptsRun[1]).toBe(scripts.LINK_SESSION_SCRIPT);
    expect(scriptsRun[2]).toBe(scripts.LINK_SCRIPT);
    links.leave();
  });

  it('fails when a profile is not switched', async () => {
    const { links } = keeperWith(() => ({ lines: ['kalpana: gone'], exitCode: 13 }));
    expect(await failureOf(links.link(environment, ['alice'], () => undefined, {}))).toEqual({
      reason: 'KeeperNotReady',
      message: 'the profile could not be switched',
    });
  });
});
