/** A law, a fact or a trap that a text rests on, as `docs/laws-and-facts.md` calls it: `law 6`, `F14`, `trap dockerode-5`. */
export interface Citation {
  readonly id: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Between the words of a citation a comment may begin a new line. */
const GAP = String.raw`[\s*/#]+`;
const JOINT = String.raw`(?:,|${GAP}and|,${GAP}and)${GAP}`;
const listOf = (one: string) => `(${one}(?:${JOINT}${one})*)`;

const LAWS = new RegExp(String.raw`\blaws?${GAP}${listOf(String.raw`\d+`)}`, 'gi');
const FACTS = /\bF\d+\b/g;
const TRAPS = new RegExp(String.raw`\btraps?${GAP}${listOf(String.raw`[a-z][a-z-]*-\d+`)}`, 'gi');
/** A section or a numbered item of some document: not an id of the page, so nobody can look it up there. */
const FOREIGN = /\b[A-Z]{4,}(?:\.md)?(?: section \d+|: [a-z-]+ \d+)/g;

/** The ids that the page defines, in its order: one heading each, such as `### Law 6: …`. */
export function definedIds(page: string): readonly string[] {
  return [...page.matchAll(/^#{2,5} (Law \d+|F\d+|Trap [a-z-]+-\d+): \S/gm)].map(([, id = '']) =>
    id.startsWith('F') ? id : id.toLowerCase(),
  );
}

/** All citations of a text, in the order of their lines. */
export function citationsOf(text: string): readonly Citation[] {
  const found = [
    ...[...text.matchAll(LAWS)].flatMap((match) => listed(match, /\d+/g, 'law ')),
    ...[...text.matchAll(TRAPS)].flatMap((match) => listed(match, /[a-z][a-z-]*-\d+/gi, 'trap ')),
    ...[...text.matchAll(FACTS), ...text.matchAll(FOREIGN)].map((match) => ({ id: match[0], index: match.index })),
  ];
  return found
    .map(({ id, index }) => ({ id, line: text.slice(0, index).split('\n').length }))
    .sort((a, b) => a.line - b.line);
}

function listed(match: RegExpExecArray, one: RegExp, prefix: string): { id: string; index: number }[] {
  return [...(match[1] ?? '').matchAll(one)].map(([word]) => ({
    id: `${prefix}${word.toLowerCase()}`,
    index: match.index,
  }));
}
