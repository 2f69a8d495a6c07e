// dist/ from controller/, only when a source or a setting of the compiler changed. Shell scripts are sources too.
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyScripts } from './copy-scripts.mjs';
import { hashOf } from './dependencies.mjs';
import { root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './say.mjs';

const SETTINGS = ['tsconfig.json', 'controller/tsconfig.json', 'package-lock.json'];

/** A hash over the files of `folders`: contents, not times, for a checkout changes times. */
export function inputsHash(folders, files) {
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(ts|json|html|css|js|sh)$/.test(name))
      .map((name) => join(folder, name)),
  );
  const all = [...sources, ...files].filter((name) => statSync(join(root, name)).isFile()).sort();
  return hashOf(...all.flatMap((name) => [name, readFileSync(join(root, name))]));
}

const controllerHash = () => inputsHash(['controller'], SETTINGS);

/** `isChecked`: something else in the run looks at the types, which is half of the work. */
export async function ensureBuild({ isChecked = false } = {}) {
  const hash = controllerHash();
  return compile({ project: 'controller', outDir: 'dist', scriptsDir: 'dist', hash, isChecked });
}

/** Has the next `ensureBuild` compile everything, whatever it compiled before. */
export function forgetBuild() {
  for (const name of [stampOf('dist'), join(root, 'dist/.tsbuildinfo')]) rmSync(name, { force: true });
}

/** The bench and the controller's parts that it measures, compiled as they are shipped. */
export async function ensureBenchBuild() {
  const hash = inputsHash(['controller', 'test/bench', 'test/support'], [...SETTINGS, 'test/bench/tsconfig.json']);
  const outDir = '.kalpana/bench-build';
  return compile({ project: 'test/bench', outDir, scriptsDir: `${outDir}/controller`, hash });
}

const stampOf = (outDir) => join(root, outDir, '.kalpana-inputs');

async function compile({ project, outDir, scriptsDir, hash, isChecked = false }) {
  const stamp = stampOf(outDir);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return undefined;
  rmSync(stamp, { force: true });
  const args = ['node_modules/typescript/bin/tsc', '-p', project, ...(isChecked ? ['--noCheck'] : [])];
  const { code, text } = await run(process.execPath, args, { cwd: root });
  if (code !== 0) throw new SetupError(`the build failed:\n${text.trimEnd()}`);
  copyScripts(scriptsDir);
  writeFileSync(stamp, hash);
  return `compiled to ${outDir}/`;
}
