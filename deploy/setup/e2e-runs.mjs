// Which end-to-end suites run on which engine, and with whose Nix in the keeper.
import { startTestEngine } from './test-engine.mjs';
import { LONG } from './test-runs.mjs';

/** Between them, every kind of call that the controller makes: these show that an older engine is supported. */
const EVERY_KIND_OF_CALL = [
  'kinds-of-call', // create, networks, replace, roll back, in place, pulls
  'fake-fidelity', // exec, archive, read of links, events
  'nix-keeper', // a keeper's restart, and its exec
  'nix-gc-uses', // scanner
];

/** What a keeper does for workspaces, and what its collector does. */
const NIX = [
  'nix-keeper',
  'nix-keeper-images.long',
  'nix-packages',
  'nix-workspace',
  'nix-gc',
  'nix-gc-old-nix.long',
  'nix-hostile-builds',
];

/**
 * By the name of the part: the engine, the Debian release of the keeper's Nix, and the suites: `files` or all, less
 * those of `without`. `long`: with every variant of what the other runs show once.
 */
export const RUNS = {
  // What is in use is collected around by nix-gc, too; each kind of call has a suite of its own.
  e2e: { which: 'newest', keeper: 'forky', without: ['nix-gc-uses', 'kinds-of-call'] },
  'e2e-own': { which: 'own', keeper: 'forky', files: EVERY_KIND_OF_CALL },
  'e2e-long': { which: 'newest', keeper: 'forky', long: true },
  'e2e-own-long': { which: 'own', keeper: 'trixie', long: true },
  'e2e-nix-2.8': { which: 'own', keeper: 'bookworm', files: NIX, long: true },
};

/** The parts of `npm test`, and those that `npm run test:all` runs in their place. */
export const E2E_PARTS = ['e2e', 'e2e-own'];
export const LONG_E2E_PARTS = ['e2e-long', 'e2e-own-long', 'e2e-nix-2.8'];

/**
 * Starts the engine of a part, or takes a kept one with `reuse`; gives undefined when it does not start: a failed part.
 */
export function startEngineFor(run, name, reuse) {
  return run.part(`engine of ${name}`, async (result) => {
    const engine = await startTestEngine({ ...RUNS[name], reuse });
    result.note = engine.name;
    return engine;
  });
}

/** Jest's arguments for a run's suites; a person's own choice is not narrowed by `without`. */
function suitesOf({ files, without }, jestArgs) {
  const pattern = (names) => `(${names.join('|')})\\.test\\.ts$`;
  if (files) return ['--testPathPatterns', `e2e/${pattern(files)}`];
  return without && jestArgs.length === 0 ? ['--testPathPatterns', `e2e/(?!${pattern(without)})`] : [];
}

/** Runs a part's suites on its engine, which stays up afterwards with `keep`. */
export async function runE2e(run, name, engine, { jestArgs, keep }) {
  const { long } = RUNS[name];
  const options = {
    projects: ['e2e'],
    args: [...suitesOf(RUNS[name], jestArgs), ...jestArgs],
    workers: 2,
    wrap: engine.command,
    env: long ? { ...engine.env, ...LONG } : engine.env,
  };
  await run.part(name, (result) => run.jest(result, options));
  if (keep) engine.keep();
}
