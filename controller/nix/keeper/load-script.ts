import { readFileSync } from 'node:fs';

/**
 * The text of a shell script, for `sh -c`. A line `. ./part.sh` stands for that file's text: a text has no directory of
 * its own from which a shell could read it. Comments are for readers of the file and are left out, so that a better
 * comment changes no keeper's definition. Throws when a file is missing.
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
