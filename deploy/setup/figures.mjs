// npm run figures [-- DIR]: the figures of the code's structure, of this checkout or of the one in DIR, as text that
// two of which can be laid side by side.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { citationsOf, definedIds } from './citations.mjs';
import { root } from './paths.mjs';
import { runMain, say } from './say.mjs';

const LONG_FUNCTION = 80;
const LONG_LINE = 120;
const CODE = /\.(ts|mjs|cjs)$/;

/** Every file below `folder` of a checkout: its path from the checkout's root, and its text. */
function filesOf(checkout, folder) {
  const top = join(checkout, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(checkout, path), text: readFileSync(path, 'utf8') }));
}

const codeOf = (checkout, folder) => filesOf(checkout, folder).filter(({ path }) => CODE.test(path));

const linesOf = (text) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

function roomRows(files) {
  const rooms = Map.groupBy?.(files, roomOf) ?? groupedBy(files, roomOf);
  return [['all of controller/', files], ...[...rooms].sort(([a], [b]) => (a < b ? -1 : 1))].map(([room, inside]) => {
    const sizes = inside.map(({ text }) => linesOf(text)).sort((a, b) => a - b);
    const at = (part) => sizes[Math.min(sizes.length - 1, Math.floor(part * sizes.length))];
    return [room, sizes.length, sizes.reduce((sum, size) => sum + size, 0), at(0.5), at(0.9), sizes.at(-1)];
  });
}

/** The first two folders: a room, or a room's wing. */
function roomOf({ path }) {
  const folders = path.split('/').slice(1, -1);
  return folders.length === 0 ? '(beside main.ts)' : folders.slice(0, 2).join('/');
}

/** What Map.groupBy does; Node 20 lacks it. */
function groupedBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Every function with a body: its lines, its name and where it stands. */
function functionsOf({ path, text }) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) found.push(measured(source, path, node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function measured(source, path, node) {
  const [first, last] = [node.getStart(), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
  const name = node.name?.getText() ?? node.parent.name?.getText() ?? '(no name)';
  return { lines: last - first + 1, name, place: `${path}:${first + 1}` };
}

/** Exported functions, also those written as a constant; [all, those with a docstring]. */
function docstringsOf(files) {
  const exported = files.flatMap(({ path, text }) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    return source.statements.filter(isExportedFunction);
  });
  return [exported.length, exported.filter((statement) => ts.getJSDocCommentsAndTags(statement).length > 0).length];
}

function isExportedFunction(statement) {
  const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (!isExported) return false;
  if (ts.isFunctionDeclaration(statement)) return true;
  return (
    ts.isVariableStatement(statement) &&
    statement.declarationList.declarations.some(
      ({ initializer }) => initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)),
    )
  );
}

function longLines(files) {
  const lines = files.flatMap(({ text }) => text.split('\n'));
  const long = lines.filter((line) => line.length > LONG_LINE);
  const longest = Math.max(0, ...lines.map((line) => line.length));
  const share = ((100 * long.length) / lines.length || 0).toFixed(1);
  return `${long.length} of ${lines.length} (${share} %), longest ${longest}`;
}

function citationRow(checkout) {
  const page = join(checkout, 'docs/laws-and-facts.md');
  const defined = new Set(existsSync(page) ? definedIds(readFileSync(page, 'utf8')) : []);
  const files = ['controller', 'test', 'deploy'].flatMap((folder) => codeOf(checkout, folder));
  const cited = files.map(({ text }) => citationsOf(text));
  const all = cited.flat();
  return (
    `${all.length} in ${cited.filter((ids) => ids.length > 0).length} files, ` +
    `${all.filter(({ id }) => defined.has(id)).length} lead to a definition`
  );
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows)
    say(row.map((cell, column) => String(cell)[column === 0 ? 'padEnd' : 'padStart'](widths[column])).join('  '));
}

function main() {
  const checkout = resolve(process.argv[2] ?? root);
  const files = codeOf(checkout, 'controller');
  table([['room', 'files', 'lines', 'median', 'p90', 'max'], ...roomRows(files)]);
  const functions = files.flatMap(functionsOf).sort((a, b) => b.lines - a.lines);
  const over = (limit) => functions.filter(({ lines }) => lines > limit).length;
  say(`\nfunctions over ${LONG_FUNCTION} lines: ${over(LONG_FUNCTION)}, over 100 lines: ${over(100)}; the longest:`);
  for (const { lines, name, place } of functions.slice(0, 8)) say(`  ${String(lines).padStart(4)}  ${name}  ${place}`);
  say(`\nfiles over 250 lines: ${files.filter(({ text }) => linesOf(text) > 250).length}`);
  for (const folder of ['controller', 'test', 'deploy/setup'])
    say(`lines over ${LONG_LINE} columns in ${folder}/: ${longLines(codeOf(checkout, folder))}`);
  const [exported, told] = docstringsOf(files);
  say(`exported functions: ${exported}, of them ${exported - told} without a docstring`);
  say(`citations: ${citationRow(checkout)}`);
  for (const name of ['README.md', 'ARCHITECTURE.md']) {
    const path = join(checkout, name);
    if (existsSync(path)) say(`${name}: ${linesOf(readFileSync(path, 'utf8'))} lines`);
  }
}

await runMain(main);
