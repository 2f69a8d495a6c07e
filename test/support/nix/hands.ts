// What a test of the Nix cache does by hand in a keeper and on its engine, and what it waits for in the status.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { call, callWithProgress } from '../../../deploy/setup/engine-api.mjs';
import type { Condition, ConditionType } from '../../../controller/model/condition.js';
import type { Docker } from '../e2e/docker.js';
import { eventually, PATIENCE } from '../e2e/eventually.js';
import type { Kalpana } from '../e2e/kalpana.js';
import { KEEPER_IMAGE } from './images.js';
import { cacheObjects, cacheStatus } from './site.js';

/** For what has to be fetched, built or started on a machine that others use as well. */
export const SLOW_MS = 60_000;

/** Waits until a workspace's condition is so. */
export function conditionIs(
  controller: Kalpana,
  workspace: string,
  type: ConditionType,
  expected: object,
  withinMs = SLOW_MS,
): Promise<Condition> {
  return eventually(
    async () => {
      const condition = await controller.condition(workspace, type);
      expect(condition).toMatchObject(expected);
      return condition!;
    },
    { withinMs },
  );
}

export function packagesAre(
  controller: Kalpana,
  workspace: string,
  reason: string,
  message: unknown = expect.any(String),
  withinMs = SLOW_MS,
): Promise<Condition> {
  return conditionIs(
    controller,
    workspace,
    'PackagesReady',
    { status: reason === 'Ready' ? 'True' : 'False', reason, message },
    withinMs,
  );
}

/** Waits until the cache's own `Ready` is False for this reason. */
export async function cacheFails(controller: Kalpana, cache: string, reason: string, message: unknown): Promise<void> {
  await eventually(
    async () => {
      const { conditions } = await cacheStatus(controller, cache);
      expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason, message });
    },
    { withinMs: SLOW_MS },
  );
}

/**
 * Runs a program of the workspace's packages by name, so through its PATH; gives what it printed, or null where there
 * is none.
 */
export async function runs(docker: Docker, workspace: string, program: string): Promise<string | null> {
  const { code, text } = await docker.sh(`workspace-${workspace}`, program);
  return code === 0 ? text : null;
}

/** A hand in the keeper of one cache. */
export function keeperHands(docker: Docker, cache: string) {
  const { keeper } = cacheObjects(cache);
  const sh = (line: string) => docker.sh(keeper, line);
  return {
    keeper,
    sh,
    /** Null when it is not there, or does not run. */
    async id(): Promise<string | null> {
      const found = await docker.containerOrNull(keeper);
      return found?.State.Status === 'running' ? found.Id : null;
    },
    /** Whether the store knows the path: a directory alone is none. */
    isValid: async (path: string): Promise<boolean> => (await sh(`nix-store --check-validity ${path}`)).code === 0,
    /** Which locks on the collector's lock file somebody else could get now: the keeper holds a shared one (F8). */
    async freeLocks(): Promise<string[]> {
      const { text } = await sh('for how in s x; do flock -n -$how /nix/var/nix/gc.lock true && echo $how; done');
      return text.split('\n');
    },
    /**
     * Kills (SIGKILL) every process that a shell condition on `$pid` fits. The container may end with it, and this with
     * that.
     */
    killProcesses: (condition: string) =>
      sh(`for dir in /proc/[0-9]*; do pid=\${dir#/proc/}; [ $pid != $$ ] && ${condition} && kill -9 $pid; done`).catch(
        () => undefined,
      ),
  };
}

/** In `killProcesses`: the processes that have the collector's lock file open. */
export const HOLDS_LOCK = 'ls -l /proc/$pid/fd 2>/dev/null | grep -q gc.lock';
export const IS_DAEMON = '[ "$(cat /proc/$pid/comm 2>/dev/null)" = nix-daemon ]';

/** Makes an image of the keeper's with further files, by path; all are executable. */
export async function buildOnKeeper(
  host: string,
  image: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'kalpana-keeper-image-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, 'files', path)), { recursive: true });
      writeFileSync(join(work, 'files', path), text, { mode: 0o755 });
    }
    writeFileSync(join(work, 'Dockerfile'), `FROM ${KEEPER_IMAGE}\nCOPY files /\n`);
    const context = spawn('tar', ['-C', work, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
    await callWithProgress(host, 'POST', `/build?${new URLSearchParams({ t: image, rm: '1', forcerm: '1' })}`, {
      body: context,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `docker restart`. */
export async function restart(docker: Docker, container: string): Promise<void> {
  await call(docker.host, 'POST', `/containers/${container}/restart?t=2`, { idleMs: PATIENCE * 30_000 });
}
