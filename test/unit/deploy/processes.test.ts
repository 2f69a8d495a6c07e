import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineDaemons, engineProcesses, until } from '../../../deploy/setup/processes.mjs';

it("an engine's daemons are told apart from what runs in its containers", async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kalpana-processes-'));
  const shim = join(dir, 'containerd-shim-runc-v2');
  copyFileSync('/bin/sh', shim);
  // `$0` names the engine's folder, as a shim's address does.
  const child = spawn(shim, ['-c', 'sleep 60 & echo; wait', `${dir}/exec/containerd.sock`], { detached: true });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await until(() => engineProcesses([`${dir}/exec`]).length === 2, 10_000);
    expect(engineDaemons([`${dir}/exec`])).toEqual([child.pid]);
    expect(engineProcesses([`${dir}/exec`])).toHaveLength(2);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
