// What is wrong with a Markdown file: links and anchors that lead nowhere, paths and npm scripts that are not there,
// and lines that are too long. Code blocks are passed over.
import { posix } from 'node:path';

const MAX_COLUMNS = 120;
/** A path in backticks. Patterns, placeholders and line numbers are none. */
const PATH = /^(?!\.{1,2}\/)([\w.-]+)\/[\w./-]*$/;
const FOLDERS = ['.ci', '.github', '.vscode', 'controller', 'crds-like-schemas', 'deploy', 'docs', 'test'];

/**
 * Faults of the file `file` as `{ line, message }`. `repository.exists(path)` tells whether a path is there, and
 * `repository.read(path)` gives a file's text; both paths are from the repository's root. `repository.scripts` are the
 * names of the npm scripts.
 */
export function markdownFaults(file, text, repository) {
  return proseLines(text).flatMap(({ line, text: prose }) => {
    const messages = [
      ...linksOf(prose).flatMap((target) => linkFault(file, target, repository) ?? []),
      ...pathsOf(prose, repository)
        .filter((path) => !repository.exists(path))
        .map((path) => `${path} is not in the repository`),
      ...scriptsOf(prose)
        .filter((script) => !repository.scripts.includes(script))
        .map((script) => `npm run ${script} is no script`),
      ...([...prose].length > MAX_COLUMNS ? [`${[...prose].length} columns: at most ${MAX_COLUMNS}`] : []),
    ];
    return messages.map((message) => ({ line, message }));
  });
}

/** Where a link to a heading leads, as GitHub names it; a heading that comes again gets a number. */
export function anchorsOf(text) {
  const counts = new Map();
  return proseLines(text)
    .flatMap(({ text: prose }) => /^#{1,6} (.+)$/.exec(prose)?.[1] ?? [])
    .map((heading) => {
      const slug = heading
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-');
      const count = counts.get(slug) ?? 0;
      counts.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    });
}

function proseLines(text) {
  let fence = null;
  return text.split('\n').flatMap((line, index) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence === null && mark !== undefined) fence = mark;
    else if (fence !== null && mark?.startsWith(fence)) fence = null;
    else if (fence === null) return [{ line: index + 1, text: line }];
    return [];
  });
}

function linksOf(prose) {
  const withoutCode = prose.replace(/`[^`]*`/g, '');
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The paths that a line names, from the root: those of a folder of ours, and those that begin with a room's name. */
function pathsOf(prose, { exists }) {
  return [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, text]) => {
    const folder = PATH.exec(text)?.[1];
    if (folder === undefined) return [];
    if (FOLDERS.includes(folder)) return [text];
    return exists(`controller/${folder}`) ? [`controller/${text}`] : [];
  });
}

function scriptsOf(prose) {
  return [...prose.matchAll(/`npm run ([\w:-]+)/g)].map(([, script]) => script);
}

function linkFault(file, target, { exists, read }) {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path, anchor] = target.split('#');
  const place = path === '' ? file : posix.join(posix.dirname(file), path);
  if (!exists(place)) return `the link ${target} leads nowhere`;
  if (anchor === undefined || !place.endsWith('.md') || anchorsOf(read(place)).includes(anchor)) return undefined;
  return `the link ${target} leads to no heading`;
}
