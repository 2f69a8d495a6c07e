// The engine of one test or bench run: fresh, in a network of its own where the machine allows, gone afterwards.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterNetwork, startPrivateEngine } from './engine.mjs';
import { stopPrivateEngine } from './engine-stop.mjs';
import { ensureKeeperRootfs } from './keeper-image.mjs';
import { canHaveOwnNetwork } from './network.mjs';
import { kalpanaDir } from './paths.mjs';
import { isAlive, processesNaming, signal } from './processes.mjs';
import { SetupError } from './say.mjs';
import { busybox, ensureTestRootfs, importKeeper, importTestImages } from './test-image.mjs';

const runsDir = join(kalpanaDir, 'test-engines');

/** Each run has an engine of its own, named after the run's process: two runs in one clone do not meet. */
function engineDirOf(pid) {
  return join(runsDir, `run-${pid}`);
}

/** Ends the engines of runs that were killed before they could do so themselves; with `kept` also those left on purpose. */
export async function sweepDeadRuns({ kept = false } = {}) {
  for (const name of existsSync(runsDir) ? readdirSync(runsDir) : []) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1]);
    if (isAlive(pid) || (existsSync(join(runsDir, name, 'keep')) && !kept)) continue;
    await endRun(pid);
  }
}

async function endRun(pid) {
  const dir = engineDirOf(pid);
  if (!existsSync(dir)) return;
  // A killed run leaves its jest, which names the run in its result file.
  for (const orphan of processesNaming(`${kalpanaDir}/test-results/${pid}-`)) signal(orphan, 'SIGKILL');
  const scratch = join(dir, 'scratch');
  const engines = existsSync(scratch) ? readdirSync(scratch).map((name) => join(scratch, name)) : [];
  const left = await Promise.all([dir, ...engines].map((engine) => stopPrivateEngine({ dir: engine, empty: true })));
  const [processes, mounts] = [left.flatMap((one) => one.processes), left.flatMap((one) => one.mounts)];
  if (processes.length + mounts.length > 0)
    throw new SetupError(`the test engine left processes ${processes} and mounts ${mounts}`);
  rmSync(dir, { recursive: true, force: true });
}

/**
 * Starts this run's engine with the test images. `command` wraps a command so that it runs in the engine's network;
 * `env` tells it of the engine.
 */
export async function startTestEngine({ pool = '10.214.0.0/16' } = {}) {
  await sweepDeadRuns();
  const dir = engineDirOf(process.pid);
  await ensureTestRootfs();
  await ensureKeeperRootfs();
  const isApart = await canHaveOwnNetwork();
  const engine = await startPrivateEngine({ dir, pool, ownNetwork: isApart ? busybox : null, fresh: true });
  mkdirSync(join(dir, 'scratch'), { recursive: true });
  await Promise.all([importTestImages(engine.host), importKeeper(engine.host)]);
  return {
    host: engine.host,
    env: { KALPANA_TEST_DOCKER_HOST: engine.host, KALPANA_TEST_SCRATCH_DIR: join(dir, 'scratch') },
    command: (words) => (isApart ? enterNetwork(engine.pid, words) : words),
    /** Leaves it running after this run, for a developer; the file holds how to use it. */
    keep: () => writeFileSync(join(dir, 'keep'), howToUse(engine, isApart)),
  };
}

/** Ends this run's engine if there is one; gives what to say about one that was to be kept. */
export async function endTestEngine() {
  const keep = join(engineDirOf(process.pid), 'keep');
  if (existsSync(keep)) return readFileSync(keep, 'utf8');
  await endRun(process.pid);
  return null;
}

function howToUse({ host, pid }, isApart) {
  const words = [`KALPANA_TEST_DOCKER_HOST=${host}`, 'npm', 'run', 'jest', '--', '--selectProjects=e2e'];
  const command = isApart ? enterNetwork(pid, ['env', ...words]) : words;
  return `the engine still runs at ${host}; suites on it:\n  ${command.join(' ')}\nend it with: node deploy/setup/test.mjs stop`;
}
