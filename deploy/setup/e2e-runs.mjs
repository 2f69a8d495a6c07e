// Which end-to-end suites run on which engine, and with whose Nix in the keeper.
import { startTestEngine } from './test-engine.mjs';
import { LONG } from './test-runs.mjs';

/** Between them, every kind of call that the controller makes: these show that an older engine is supported. */
const EVERY_KIND_OF_CALL = [
  'convergence', // create, networks, a second plan
  'recreation', // replace, roll back
  'drift', // events, in place
  'fake-fidelity', // exec, archive, read of links
  'images', // pulls
  'nix-keeper', // a keeper's restarts, and its exec
  'nix-gc-uses', // scanner
];

/** What a keeper does for workspaces, and what its collector does. */
const NIX = ['nix-keeper', 'nix-packages', 'nix-workspace', 'nix-gc', 'nix-gc-old-nix', 'nix-hostile-builds'];

/**
 * By the name of the part: the engine, the Debian release of the keeper's Nix, and the suites, all when not given.
 * `long`: with every variant of what the other runs show once.
 */
export const RUNS = {
  e2e: { which: 'newest', keeper: 'forky' },
  'e2e-own': { which: 'own', keeper: 'trixie', files: EVERY_KIND_OF_CALL },
  'e2e-long': { which: 'newest', keeper: 'forky', long: true },
  'e2e-own-long': { which: 'own', keeper: 'trixie', long: true },
  'e2e-nix-2.8': { which: 'own', keeper: 'bookworm', files: NIX },
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

/** Runs a part's suites on its engine, which stays up afterwards with `keep`. */
export async function runE2e(run, name, engine, { jestArgs, keep }) {
  const { files, long } = RUNS[name];
  const chosen = files ? ['--testPathPatterns', `e2e/(${files.join('|')})\\.test\\.ts$`] : [];
  const options = {
    projects: ['e2e'],
    args: [...chosen, ...jestArgs],
    workers: 3,
    wrap: engine.command,
    env: long ? { ...engine.env, ...LONG } : engine.env,
  };
  await run.part(name, (result) => run.jest(result, options));
  if (keep) engine.keep();
}
