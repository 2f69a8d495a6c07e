// The demo as a test: its image, its examples, the built controller; on the test engine, where it leaves nothing.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEngine } from './clean-engine.mjs';
import { ensureDemoPackages } from './demo-packages.mjs';
import { call } from './engine-api.mjs';
import { KEEPER_IMAGE, ensureKeeperImage } from './keeper-image.mjs';
import { demoSpecsDir, secretsDir, specsDir } from './paths.mjs';
import { SetupError, seconds } from './say.mjs';
import { ensureWorkspaceImage } from './workspace-image.mjs';

/**
 * A second name of the keeper's image while the clean-up takes the first: in containerd's store an image without one is
 * gone.
 */
const SPARE = 'kalpana/nix-keeper:spare';

/** The examples become Ready, a second plan is empty, and a clean-up finds everything it has to remove. */
export async function checkDemo(result, engine, run) {
  await ensureWorkspaceImage(engine, { tryRegistry: false });
  await ensureKeeperImage(engine, { suite: engine.keeper, tryRegistry: false });
  await ensureDemoPackages(engine, { tryInternet: false });
  await tag(engine.host, KEEPER_IMAGE, SPARE);
  const specs = readdirSync(specsDir).map((name) => JSON.parse(readFileSync(join(specsDir, name), 'utf8')));
  const stateDir = mkdtempSync(join(tmpdir(), 'kalpana-demo-'));
  const started = performance.now();
  try {
    const kalpana = (words) =>
      run.exec(
        engine.command([
          process.execPath,
          'dist/main.js',
          ...words,
          '--specs',
          specsDir,
          '--specs',
          demoSpecsDir,
          '--secrets-dir',
          secretsDir,
          '--state-dir',
          stateDir,
        ]),
        {
          env: { DOCKER_HOST: engine.host },
          limitMs: 120_000,
        },
      );
    await expectCode(kalpana(['run', '--once']), 'kalpana run --once');
    const { hit, fetched, built } = cacheTotals(stateDir);
    const shared = `of the shared store ${hit} paths hit, ${fetched} fetched, ${built} built`;
    result.note = `${specs.length} workspaces Ready in ${seconds(started)}; ${shared}`;
    if (hit === 0 || fetched === 0) throw new SetupError(`no package was shared: ${result.note}`);
    await expectCode(kalpana(['plan']), 'kalpana plan, after all is Ready');
    const removed = await cleanEngine(engine, specs);
    // A container and a data volume each, the shared volume, the cache and its keeper, both networks and both images.
    if (removed.length !== 2 * specs.length + 7)
      throw new SetupError(`demo:clean removed only:\n${removed.join('\n')}`);
  } finally {
    // The suites that follow on this engine need it.
    await tag(engine.host, SPARE, KEEPER_IMAGE);
    await call(engine.host, 'DELETE', `/images/${SPARE}`);
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function tag(host, image, name) {
  const [repo, version] = name.split(':');
  await call(host, 'POST', `/images/${image}/tag?repo=${repo}&tag=${version}`);
}

/** What the second workspace got of what the first had fetched. */
function cacheTotals(stateDir) {
  const rows = JSON.parse(readFileSync(join(stateDir, 'cache-totals.json'), 'utf8'));
  return Object.fromEntries(rows).default.paths;
}

async function expectCode(ended, what) {
  const { code, text } = await ended;
  if (code !== 0)
    throw new SetupError(`${what} ended with code ${code}:\n${text.trimEnd().split('\n').slice(-40).join('\n')}`);
}
