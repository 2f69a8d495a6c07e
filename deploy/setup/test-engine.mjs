// The engines of one test or bench run: fresh, in a network of their own where the machine allows, gone afterwards.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPrivateEngine } from './engine.mjs';
import { answers, call } from './engine-api.mjs';
import { enterNetwork } from './engine-namespaces.mjs';
import { ensureEngineRoot } from './engine-root.mjs';
import { emptyEngine, stopPrivateEngine } from './engine-stop.mjs';
import { ensureKeeperRootfs } from './keeper-image.mjs';
import { canHaveOwnNetwork } from './network.mjs';
import { ENGINE_PACKAGES, ensurePackages } from './packages.mjs';
import { kalpanaDir } from './paths.mjs';
import { isAlive, processesNaming, signal } from './processes.mjs';
import { SetupError, say } from './say.mjs';
import { busybox, ensureTestRootfs, importKeeper, importTestImages } from './test-image.mjs';

const runsDir = join(kalpanaDir, 'test-engines');

/**
 * Debian's releases that may have a newer engine than the machine's own, newest first, with the Nix of their keeper.
 */
const NEWER_RELEASES = ['forky', 'trixie'];

/** Each run has engines of its own, in a folder named after the run's process: two runs in one clone do not meet. */
function runDirOf(pid) {
  return join(runsDir, `run-${pid}`);
}

/**
 * Ends the engines of runs that were killed before they could do so themselves; with `kept` also those left on purpose.
 */
export async function sweepDeadRuns({ kept = false } = {}) {
  for (const name of existsSync(runsDir) ? readdirSync(runsDir) : []) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1]);
    if (isUsed(pid) || (existsSync(keptFileOf(pid)) && !kept)) continue;
    await endRun(pid);
  }
}

/** Tells of the engine that a run has left on purpose. */
function keptFileOf(pid) {
  return join(runDirOf(pid), 'kept.json');
}

/** By the run that started it, or by one that found it kept. */
function isUsed(pid) {
  const user = join(runDirOf(pid), 'user');
  return isAlive(pid) || (existsSync(user) && isAlive(Number(readFileSync(user, 'utf8'))));
}

async function endRun(pid) {
  const dir = runDirOf(pid);
  if (!existsSync(dir)) return;
  // A killed run leaves its jest, which names the run in its result file.
  for (const orphan of processesNaming(`${kalpanaDir}/test-results/${pid}-`)) signal(orphan, 'SIGKILL');
  const engines = foldersIn(dir).flatMap((engine) => [engine, ...foldersIn(join(engine, 'scratch'))]);
  const left = await Promise.all(engines.map((engine) => stopPrivateEngine({ dir: engine, empty: true })));
  const [processes, mounts] = [left.flatMap((one) => one.processes), left.flatMap((one) => one.mounts)];
  if (processes.length + mounts.length > 0)
    throw new SetupError(`the test engine left processes ${processes} and mounts ${mounts}`);
  rmSync(dir, { recursive: true, force: true });
}

function foldersIn(dir) {
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name));
}

/**
 * Starts an engine of this run with the test images. `which` is `newest`, the newest that can be had, or `own`, the
 * machine's; `keeper` is the Debian release whose Nix the keeper's image has, that of the newest engine when not given.
 * `long`: with what only long runs need. `reuse`: one like it that an earlier run has kept is taken instead. `command`
 * wraps a command so that it runs in the engine's network; `env` tells it of the engine; `name` is for people.
 */
export async function startTestEngine({
  which = 'newest',
  keeper = NEWER_RELEASES[0],
  pool = '10.214.0.0/16',
  long = process.env.KALPANA_TEST_LONG === '1',
  reuse = false,
} = {}) {
  const kept = reuse ? await takeKept(which, keeper) : null;
  await sweepDeadRuns();
  if (kept !== null) return kept;
  const isApart = await canHaveOwnNetwork();
  const images = [ensureTestRootfs(), ensureKeeperRootfs(keeper, { old: long })];
  const [chosen] = await Promise.all([chooseEngine(which, isApart), ...images]);
  const dir = join(runDirOf(process.pid), which);
  const { engine, root } = await startChosen(chosen, { dir, pool, ownNetwork: isApart ? busybox : null });
  const scratch = join(dir, 'scratch');
  mkdirSync(scratch, { recursive: true });
  await Promise.all([importTestImages(engine.host), importKeeper(engine.host, keeper)]);
  const env = {
    KALPANA_TEST_DOCKER_HOST: engine.host,
    KALPANA_TEST_SCRATCH_DIR: scratch,
    KALPANA_TEST_ENGINE_ROOT: root ?? '',
    KALPANA_TEST_KEEPER: keeper,
  };
  const name = await nameOf(engine.host, root === null ? "the machine's own release" : chosen.release);
  return handOf({ which, keeper, name, env, host: engine.host, enter: isApart ? enterNetwork(engine.pid, []) : [] });
}

/**
 * What a run has of an engine that the run `owner` started. `enter`: the words before a command for the engine's
 * network.
 */
function handOf(engine, owner = process.pid) {
  const { keeper, name, env, host, enter } = engine;
  return {
    host,
    keeper,
    name,
    env,
    command: (words) => [...enter, ...words],
    /** Leaves it running after this run, for a developer's next one. */
    keep: () => writeFileSync(keptFileOf(owner), JSON.stringify(engine)),
  };
}

/** A kept engine, empty but for its images; null: there is none like this, or another run uses it. */
async function takeKept(which, keeper) {
  for (const name of existsSync(runsDir) ? readdirSync(runsDir) : []) {
    const pid = Number(name.replace('run-', ''));
    if (!existsSync(keptFileOf(pid)) || isUsed(pid)) continue;
    const kept = JSON.parse(readFileSync(keptFileOf(pid), 'utf8'));
    if (kept.which !== which || kept.keeper !== keeper || !(await answers(kept.host))) continue;
    writeFileSync(join(runDirOf(pid), 'user'), String(process.pid));
    await emptyEngine(kept.host);
    await removeVolumes(kept.host);
    return handOf(kept, pid);
  }
  return null;
}

async function removeVolumes(host) {
  const { Volumes: volumes } = await call(host, 'GET', '/volumes');
  const remove = ({ Name: name }) =>
    call(host, 'DELETE', `/volumes/${encodeURIComponent(name)}?force=1`, { ignore: [404, 409] });
  await Promise.all((volumes ?? []).map(remove));
}

/** `{ release, root }` of the newest engine that can be unpacked; `root` is null for the machine's own. */
async function chooseEngine(which, isApart) {
  const why = [];
  if (which === 'newest' && !isApart)
    why.push('a newer engine needs namespaces of its own, and this machine gives none');
  for (const release of which === 'newest' && isApart ? NEWER_RELEASES : []) {
    try {
      return { release, root: await ensureEngineRoot(release) };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      why.push(`${release}'s cannot be had (${error.message.split('\n')[0]})`);
    }
  }
  for (const reason of why) say(`the newest engine: ${reason}`);
  return { release: null, root: null };
}

/** One that can be unpacked may still not start here: then the machine's own has to do. */
async function startChosen({ release, root }, options) {
  if (root !== null) {
    try {
      return { engine: await startPrivateEngine({ ...options, root, fresh: true }), root };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`the newest engine: ${release}'s does not start here, so the machine's own has to do\n${error.message}`);
      await stopPrivateEngine({ dir: options.dir });
    }
  }
  await ensurePackages(ENGINE_PACKAGES, 'run the tests on a real engine');
  return { engine: await startPrivateEngine({ ...options, fresh: true }), root: null };
}

/** What a run on this engine has shown something for. */
async function nameOf(host, origin) {
  const [version, info] = await Promise.all([call(host, 'GET', '/version'), call(host, 'GET', '/info')]);
  const isContainerds = JSON.stringify(info.DriverStatus ?? []).includes('io.containerd.snapshotter');
  return [
    `Docker ${version.Version} (${origin})`,
    `API ${version.MinAPIVersion} to ${version.ApiVersion}`,
    `${isContainerds ? "containerd's image store" : "the engine's own image store"} on ${info.Driver}`,
    `cgroup v${info.CgroupVersion ?? '1'}`,
  ].join(', ');
}

/** Ends this run's engines if there are any; gives what to say about one that was to be kept. */
export async function endTestEngine() {
  const file = keptFileOf(process.pid);
  if (existsSync(file)) return howToUse(JSON.parse(readFileSync(file, 'utf8')));
  await endRun(process.pid);
  return null;
}

function howToUse({ host, env, enter }) {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = [...enter, 'env', ...settings, 'npm', 'run', 'jest', '--', '--selectProjects=e2e'];
  return (
    `the engine still runs at ${host}, for the next "npm run test:e2e -- FILE"; by hand:\n  ${words.join(' ')}\n` +
    'end it with: npm run test:stop'
  );
}
