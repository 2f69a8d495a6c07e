// Every .sh file in the repository: shellcheck and `dash -n`. Part of lint.
import { join } from 'node:path';
import { shellScripts } from './copy-scripts.mjs';
import { SHELL_CHECK_PACKAGES, ensurePackages } from './packages.mjs';
import { root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError, runMain } from './say.mjs';

const FOLDERS = ['controller', 'deploy', 'test'];

async function main() {
  await ensurePackages(SHELL_CHECK_PACKAGES, 'check the shell scripts');
  const files = FOLDERS.flatMap((folder) => shellScripts(folder).map((name) => join(folder, name)));
  // `-x`: a part that a script takes in is read with it.
  const checks = [
    ['shellcheck', ['-x', '--source-path=SCRIPTDIR', '--severity=style', '--', ...files]],
    ...files.map((file) => ['dash', ['-n', file]]),
  ];
  const failures = [];
  for (const [program, args] of checks) {
    const { code, text } = await run(program, args, { cwd: root });
    if (code !== 0) failures.push(`${program}: ${text.trim()}`);
  }
  if (failures.length > 0) throw new SetupError(`the shell scripts have faults:\n${failures.join('\n')}`);
}

await runMain(main);
