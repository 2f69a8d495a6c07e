import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';

/** A file of `deploy/`, as it is copied into a repository of specs. */
export function ciFile(path: string): string {
  return readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
}

/** What a shell runs: what follows `run:`, or an entry of a list that is a block, on its line or indented below it. */
export function scriptsOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const match = /^( *)(?:- )?run: (.*)$/.exec(line) ?? /^( *)- (\|)$/.exec(line);
    if (match === null) return [];
    const indent = (match[1] ?? '').length;
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => one.trim() !== '' && one.search(/\S/) <= indent);
    const block = rest.slice(0, end < 0 ? undefined : end);
    if (match[2] !== '|') return [match[2] ?? ''];
    const depth = Math.min(...block.filter((one) => one.trim() !== '').map((one) => one.search(/\S/)));
    return [block.map((one) => one.slice(depth)).join('\n')];
  });
}

/** Runs a script as a job does, with commands of `fakes`, by name, in place of the real ones. */
export async function runScript(
  script: string,
  directory: string,
  env: NodeJS.ProcessEnv,
  fakes: Readonly<Record<string, string>>,
) {
  const bin = join(directory, 'fakes');
  mkdirSync(bin, { recursive: true });
  for (const [name, body] of Object.entries(fakes)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', ...env },
  });
  const [out, err, [status]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return {
    status,
    out,
    err,
    file: (name: string) => (existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : null),
  };
}
