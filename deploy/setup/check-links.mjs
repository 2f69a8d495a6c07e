// Checks all Markdown files of the repository and prints `file:line: message` for every fault.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { markdownFaults } from './markdown-faults.mjs';
import { root } from './paths.mjs';

const LEFT_OUT = new Set(['node_modules', 'dist', '.kalpana', '.git']);

function* markdownFiles(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* markdownFiles(path);
    else if (entry.isFile() && entry.name.endsWith('.md')) yield path;
  }
}

const repository = {
  exists: (path) => existsSync(join(root, path)),
  read: (path) => readFileSync(join(root, path), 'utf8'),
  scripts: Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts),
};

for (const file of markdownFiles('')) {
  for (const { line, message } of markdownFaults(file, repository.read(file), repository)) {
    console.error(`${file}:${line}: ${message}`);
    process.exitCode = 1;
  }
}
