// What the generated pages of docs/reference/ share.

const WIDTH = 118;

/** The page's title, and how it came to be. */
export function opening(title, source) {
  return [`# ${title}`, '', `<!-- Generated from ${source} by \`npm run generate\`. Do not edit. -->`, ''];
}

/**
 * A text in lines of at most 118 columns, broken at blanks outside of code; `indent` stands before all lines but the
 * first.
 */
export function wrapped(text, indent = '') {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

/** An entry of a list. */
export function item(text) {
  return wrapped(`- ${text}`, '  ');
}

/** The first letter as at the beginning of a sentence, a full stop, and nothing that Markdown takes for a tag. */
export function sentence(text) {
  const begun = /^[a-z]/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return (/[.:!?]$/.test(begun) ? begun : `${begun}.`).replaceAll('<', String.raw`\<`);
}

export function code(text) {
  return `\`${text}\``;
}
