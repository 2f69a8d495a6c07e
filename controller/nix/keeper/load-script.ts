import { readFileSync } from 'node:fs';

/**
 * Reads a shell script as text for `sh -c`. A line `. ./part.sh` is replaced by the text of that file, because the
 * shell cannot read a file relative to a text. Comments are removed, so that editing a comment does not change a
 * keeper's definition. Throws when a file is missing.
 */
export function loadScript(file: URL): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => {
      const part = /^\s*\. (\.{1,2}\/\S+\.sh)$/.exec(line)?.[1];
      return part === undefined ? `${line}\n` : loadScript(new URL(part, file));
    })
    .join('');
}
