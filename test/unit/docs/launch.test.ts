import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

interface Launch {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly runtimeArgs?: readonly string[];
  readonly preLaunchTask?: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): unknown => JSON.parse(readFileSync(`${root}${file}`, 'utf8'));

const { configurations } = read('.vscode/launch.json') as { configurations: readonly Launch[] };
const { scripts, bin } = read('package.json') as {
  scripts: Readonly<Record<string, string>>;
  bin: { kalpana: string };
};

it('a debugger finds the program, the specs and the task that builds', () => {
  for (const { program, args, preLaunchTask } of configurations) {
    const path = program.replace('${workspaceFolder}/', '');
    expect(path === bin.kalpana || existsSync(`${root}${path}`)).toBe(true);
    for (const file of args.filter((word) => word.startsWith('deploy/')))
      expect(existsSync(`${root}${file}`)).toBe(true);
    if (preLaunchTask !== undefined) expect(scripts).toHaveProperty(preLaunchTask.replace('npm: ', ''));
  }
  expect(configurations.map(({ program }) => program.split('/').at(-1))).toEqual(['main.js', 'jest.js']);
});

it('a debugger runs a test as npm run jest does', () => {
  const jest = configurations.find(({ program }) => program.endsWith('jest.js'));
  expect(scripts['jest']).toBe(`node ${jest?.runtimeArgs?.join(' ')} node_modules/jest/bin/jest.js`);
});
