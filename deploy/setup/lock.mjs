// Locks between the scripts of one clone. The kernel holds them: they end with the process that took them, killed or
// not.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { findProgram } from './processes.mjs';

/**
 * Takes the lock of `file`. Gives an async function that lets go of it; null when `wait` is false and somebody else has
 * it. Without the flock command (util-linux) there is no lock to take, and the script goes on without one.
 */
export async function takeLock(file, { wait }) {
  if (findProgram('flock') === null) return async () => {};
  mkdirSync(dirname(file), { recursive: true });
  // `cat` ends when its standard input does, which is when this process lets go or is gone.
  const words = [...(wait ? [] : ['--nonblock']), file, 'sh', '-c', 'echo taken; exec cat'];
  const holder = spawn('flock', words, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const isTaken = await new Promise((resolve) => {
    holder.stdout.once('data', () => resolve(true));
    holder.once('error', () => resolve(true));
    holder.once('close', () => resolve(false));
  });
  // It keeps nobody from ending.
  for (const one of [holder, holder.stdin, holder.stdout]) one.unref();
  return isTaken ? () => ended(holder) : null;
}

/** Runs `work` while no other script of this clone runs under the lock of `file`. */
export async function underLock(file, work) {
  const release = await takeLock(file, { wait: true });
  try {
    return await work();
  } finally {
    await release();
  }
}

function ended(holder) {
  holder.ref();
  return new Promise((resolve) => {
    holder.once('close', resolve);
    holder.stdin.end();
  });
}
