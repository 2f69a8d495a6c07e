import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { privateEnginePid, startPrivateEngine } from '../../../deploy/setup/engine.mjs';
import { leftoversOf, stopPrivateEngine, type Leftovers } from '../../../deploy/setup/engine-stop.mjs';
import { canHaveOwnNetwork } from '../../../deploy/setup/network.mjs';
import { busybox, ensureTestRootfs, importTestImages } from '../../../deploy/setup/test-image.mjs';

/**
 * The images of every test engine: busybox with `CMD sleep infinity`; they differ in a label and in KALPANA_TEST_IMAGE.
 */
export const TEST_IMAGE = 'kalpana/test:1';
export const OTHER_TEST_IMAGE = 'kalpana/test:2';

/**
 * `unix://…` of the engine that `npm test` runs for all e2e suites. It is shared: use an instance and names of your
 * own.
 */
export function testEngineHost(): string {
  const host = process.env['KALPANA_TEST_DOCKER_HOST'];
  if (host) return host;
  throw new Error(
    'KALPANA_TEST_DOCKER_HOST is not set: run "npm test", or "node deploy/setup/test.mjs e2e" for these suites alone',
  );
}

/**
 * An engine of one test, to be stopped, killed and paused. It has a network of its own: ports it publishes are not
 * ours.
 */
export interface ScratchEngine {
  readonly host: string;
  readonly dataRoot: string;
  /** The engine's folder, for `leftoversOf`. */
  readonly dir: string;
  pid(): number | null;
  /** Ends dockerd as an operator would: containers stop. The data stays. */
  shutdown(): Promise<void>;
  /** SIGKILL to dockerd: containers go on, as after a crash. */
  kill(): void;
  /** Starts it again after `shutdown` or `kill`. */
  start(): Promise<void>;
  /** `shutdown` and `start`. */
  restart(): Promise<void>;
  /** SIGSTOP: connections open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it for good, deletes its data and gives what is left of it: nothing. */
  stop(): Promise<Leftovers>;
}

const scratchDirs = new Set<string>();

async function discard(dir: string): Promise<Leftovers> {
  const left = await stopPrivateEngine({ dir, empty: true });
  // What is mounted in a folder would go with it.
  if (left.mounts.length === 0) rmSync(dir, { recursive: true, force: true });
  scratchDirs.delete(dir);
  return left;
}

// Also when a test failed before its own stop.
afterAll(async () => {
  await Promise.all([...scratchDirs].map(discard));
}, 60_000);

/**
 * Starts an engine of the run's release with both test images; well under two seconds. `importKeeper` of nix-images.ts
 * adds those with a Nix. Cleaned up after the file's last test in any case.
 */
export async function startScratchEngine(): Promise<ScratchEngine> {
  const dir = mkdtempSync(join(process.env['KALPANA_TEST_SCRATCH_DIR'] ?? tmpdir(), 'scratch-'));
  scratchDirs.add(dir);
  await ensureTestRootfs();
  const ownNetwork = (await canHaveOwnNetwork()) ? busybox : null;
  const root = process.env['KALPANA_TEST_ENGINE_ROOT'] || null;
  const start = () => startPrivateEngine({ dir, ownNetwork, root, pool: '10.215.0.0/16', quiet: true });
  const layout = await start();
  await importTestImages(layout.host);
  const signal = (name: NodeJS.Signals): void => {
    const pid = privateEnginePid(dir);
    if (pid === null) throw new Error(`the engine of ${dir} does not run: no ${name}`);
    process.kill(pid, name);
  };
  const shutdown = async (): Promise<void> => {
    await stopPrivateEngine({ dir });
  };
  return {
    host: layout.host,
    dataRoot: layout.dataRoot,
    dir,
    pid: () => privateEnginePid(dir),
    shutdown,
    kill: () => signal('SIGKILL'),
    start: async () => {
      await start();
    },
    restart: async () => {
      await shutdown();
      await start();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: () => discard(dir),
  };
}

/** What runs and is mounted for an engine. */
export function leftovers(engine: ScratchEngine): Leftovers {
  return leftoversOf(engine.dir);
}
