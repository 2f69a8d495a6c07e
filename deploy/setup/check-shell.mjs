// Every .sh file in the repository: shellcheck, `dash -n`, and the length of lines. Part of lint.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellScripts } from './copy-scripts.mjs';
import { SHELL_CHECK_PACKAGES, ensurePackages } from './packages.mjs';
import { root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError, runMain } from './say.mjs';

const FOLDERS = ['controller', 'deploy', 'test'];
const LONGEST_LINE = 120;

async function main() {
  await ensurePackages(SHELL_CHECK_PACKAGES, 'check the shell scripts');
  const files = FOLDERS.flatMap((folder) => shellScripts(folder).map((name) => join(folder, name)));
  // `-x`: a part that a script takes in is read with it.
  const checks = [
    ['shellcheck', ['-x', '--source-path=SCRIPTDIR', '--severity=style', '--', ...files]],
    ...files.map((file) => ['dash', ['-n', file]]),
  ];
  const failures = files.flatMap(longLines);
  for (const [program, args] of checks) {
    const { code, text } = await run(program, args, { cwd: root });
    if (code !== 0) failures.push(`${program}: ${text.trim()}`);
  }
  if (failures.length > 0) throw new SetupError(`the shell scripts have faults:\n${failures.join('\n')}`);
}

function longLines(file) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.flatMap((line, index) =>
    line.length > LONGEST_LINE ? [`${file}:${index + 1}: ${line.length} columns: at most ${LONGEST_LINE}`] : [],
  );
}

await runMain(main);
