// Part of lint: no file of controller/ imports itself by way of others, types included.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { root } from './paths.mjs';
import { SetupError, runMain } from './say.mjs';

/** Circles in a graph of files, each once and as short as its first file has it: `[a, b, c]` for a → b → c → a. */
export function circlesOf(imports) {
  const groups = stronglyConnected(imports).filter(
    (group) => group.length > 1 || imports.get(group[0])?.includes(group[0]),
  );
  return groups.map((group) => shortestCircle(group, imports));
}

/** Groups of files of which each reaches each (Tarjan). */
function stronglyConnected(imports) {
  const [index, low, stack, groups] = [new Map(), new Map(), [], []];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) === index.get(file)) groups.push(stack.splice(stack.indexOf(file)).sort());
  };
  for (const file of [...imports.keys()].sort()) if (!index.has(file)) visit(file);
  return groups;
}

/** From the first file of the group back to it. */
function shortestCircle(group, imports) {
  const [start] = group;
  const cameFrom = new Map();
  for (const queue = [start]; queue.length > 0;) {
    const file = queue.shift();
    for (const next of (imports.get(file) ?? []).filter((one) => group.includes(one))) {
      if (next === start) return pathTo(file, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return group;
}

function pathTo(file, cameFrom) {
  const path = [];
  for (let at = file; at !== undefined; at = cameFrom.get(at)) path.unshift(at);
  return path;
}

function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => normalize(join(dirname(file), fileName)).replace(/\.js$/, '.ts'));
}

function main() {
  const files = readdirSync(join(root, 'controller'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('controller', name));
  const circles = circlesOf(new Map(files.map((file) => [file, importsOf(file)])));
  if (circles.length > 0)
    throw new SetupError(`files import each other in a circle:\n${circles.map(drawn).join('\n')}`);
}

const drawn = (circle) => [...circle, circle[0]].join('\n  → ');

if (process.argv[1] === import.meta.filename) await runMain(main);
