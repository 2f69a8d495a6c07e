// Which tests `npm run check` runs again: those that a change since they last passed can reach. The whole run (`npm
// test`) and `npm run test:unit` take nothing from an earlier one.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kalpanaDir, root } from './paths.mjs';

const directory = join(kalpanaDir, 'check');
const passedFile = join(directory, 'passed.json');

/** Jest knows who imports these; whatever else changes, any test may read. */
const IMPORTED = /^(controller|test)\/.+\.ts$/;
/** Tests that read sources as text, or list them: they always run. */
export const READERS = [
  'test/unit/deploy/e2e-runs.test.ts',
  'test/unit/docs/citations.test.ts',
  'test/unit/docs/launch.test.ts',
];

/**
 * The state of the working tree as git's tree objects, in an index and an object directory of our own, so that neither
 * what is staged nor the repository's objects change.
 */
function workingTree() {
  const objects = join(directory, 'objects');
  mkdirSync(objects, { recursive: true });
  const theirs = git(['rev-parse', '--path-format=absolute', '--git-path', 'objects']).trim();
  const env = {
    GIT_INDEX_FILE: join(directory, 'index'),
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: theirs,
  };
  git(['add', '--all'], env);
  const id = git(['write-tree'], env).trim();
  return {
    id,
    /** Paths that differ from an earlier tree, deleted ones too. */
    changesSince: (earlier) =>
      git(['diff-tree', '-r', '--name-only', '-z', earlier, id], env).split('\0').filter(Boolean),
  };
}

/** Jest's arguments for the tests that `changed` files can reach, or null when that may be any. */
export function scopeOf(changed, exists) {
  if (!changed.every((file) => IMPORTED.test(file))) return null;
  return ['--findRelatedTests', ...changed.filter(exists), ...READERS];
}

/**
 * What to run of unit and simulation: `args` for jest, `note` for the person; `passed()` records that they passed. All
 * of them run without git, on another version of Node, and until they passed once.
 */
export function changedTests() {
  let tree;
  try {
    tree = workingTree();
  } catch {
    return { args: [], note: '', passed: () => undefined };
  }
  const passed = () => writeFileSync(passedFile, JSON.stringify({ tree: tree.id, node: process.version }));
  const earlier = passedTree();
  const args = earlier === null ? null : argumentsSince(tree, earlier);
  return args === null ? { args: [], note: '', passed } : { args, note: 'of those that the change can reach', passed };
}

function argumentsSince(tree, earlier) {
  try {
    return scopeOf(tree.changesSince(earlier), (file) => existsSync(join(root, file)));
  } catch {
    return null; // the earlier tree is not there any more
  }
}

function passedTree() {
  try {
    const { tree, node } = JSON.parse(readFileSync(passedFile, 'utf8'));
    return node === process.version ? tree : null;
  } catch {
    return null;
  }
}

function git(args, env = {}) {
  return execFileSync('git', args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
}
