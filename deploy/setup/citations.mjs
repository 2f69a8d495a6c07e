// Citations of laws, facts and traps in comments and tests, and the page that defines them: docs/laws-and-facts.md.

/** Between the words of a citation a comment may begin a new line. */
const GAP = String.raw`[\s*/#]+`;
const JOINT = String.raw`(?:,|${GAP}and|,${GAP}and)${GAP}`;
const listOf = (one) => `(${one}(?:${JOINT}${one})*)`;

const LAWS = new RegExp(String.raw`\blaws?${GAP}${listOf(String.raw`\d+`)}`, 'gi');
const FACTS = /\bF\d+\b/g;
const TRAPS = new RegExp(String.raw`\btraps?${GAP}${listOf(String.raw`[a-z][a-z-]*-\d+`)}`, 'gi');
/** A section or an item of some document: not an id of the page, so nobody can look it up there. */
const FOREIGN =
  /\b[A-Z]{4,}(?:\.md)?(?: section \d+|: [a-z-]+ \d+|[:,] (?:docker|dockerode|nix|pino|prom-client|rxjs|xstate)\b)/g;

/** The ids that the page defines, in its order: one heading each, such as `### Law 6: …`. */
export function definedIds(page) {
  return [...page.matchAll(/^#{2,5} (Law \d+|F\d+|Trap [a-z-]+-\d+): \S/gm)].map(([, id = '']) =>
    id.startsWith('F') ? id : id.toLowerCase(),
  );
}

/** All citations of a text, in the order of their lines. */
export function citationsOf(text) {
  const found = [
    ...[...text.matchAll(LAWS)].flatMap((match) => listed(match, /\d+/g, 'law ')),
    ...[...text.matchAll(TRAPS)].flatMap((match) => listed(match, /[a-z][a-z-]*-\d+/gi, 'trap ')),
    ...[...text.matchAll(FACTS), ...text.matchAll(FOREIGN)].map((match) => ({ id: match[0], index: match.index })),
  ];
  return found
    .map(({ id, index }) => ({ id, line: text.slice(0, index).split('\n').length }))
    .sort((a, b) => a.line - b.line);
}

function listed(match, one, prefix) {
  return [...(match[1] ?? '').matchAll(one)].map(([word]) => ({
    id: `${prefix}${word.toLowerCase()}`,
    index: match.index,
  }));
}
