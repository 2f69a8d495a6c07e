import { parseTree } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { checkTokens, MAX_NESTING } from './check-tokens.js';
import type { TextFault } from './check-tokens.js';
import { createLineIndex } from './line-index.js';
import { quote } from './problem.js';

export interface ParsedText {
  readonly value: unknown;
  readonly tree: Node;
  readonly position: (offset: number) => { line: number; column: number };
}

export interface Unparsed {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** Whether the text looks like that of a half-written file. */
  readonly mayBePartial: boolean;
  /** The structure as far as a tolerant parser finds it; null when none of it is reliable. */
  readonly tree: Node | null;
}

export type ParseOutcome = { readonly ok: ParsedText } | { readonly failed: Unparsed };

/** How many characters of a broken text are parsed tolerantly, only to find a name in it. */
const TOLERANT_LIMIT = 65_536;
const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

/** Parses strict JSON in UTF-8; a byte order mark is accepted. Never throws. */
export function parseBytes(bytes: Uint8Array): ParseOutcome {
  const text = decode(bytes);
  if (text === null) {
    const line = countLines(bytes, invalidOffset(bytes));
    return {
      failed: {
        message: `the file is not valid UTF-8 (line ${line}): save it as UTF-8`,
        line,
        column: 1,
        mayBePartial: true,
        tree: null,
      },
    };
  }
  if (text.trim() === '') {
    return {
      failed: {
        message: 'the file is empty: write a Workspace or a NixCache into it, or remove it',
        line: 1,
        column: 1,
        mayBePartial: true,
        tree: null,
      },
    };
  }
  const position = createLineIndex(text);
  const fault = checkTokens(text);
  if (fault?.fault === 'nesting')
    return { failed: { ...position(fault.offset), message: faultMessage(fault), mayBePartial: false, tree: null } };

  const value = parseStrictly(text);
  if (value === undefined) return { failed: syntaxFailure(text, position) };
  const tree = parseTree(text, [], STRICT);
  if (!tree) return { failed: syntaxFailure(text, position) };
  if (fault) return { failed: { ...position(fault.offset), message: faultMessage(fault), mayBePartial: false, tree } };
  return { ok: { value: value.parsed, tree, position } };
}

/** Returns undefined when the text is not valid. `checkTokens` has limited its depth before. */
function parseStrictly(text: string): { parsed: unknown } | undefined {
  try {
    return { parsed: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function syntaxFailure(text: string, position: ParsedText['position']): Unparsed {
  const errors: ParseError[] = [];
  const isSmall = text.length <= TOLERANT_LIMIT;
  const tree = parseTree(isSmall ? text : text.slice(0, TOLERANT_LIMIT), errors, STRICT);
  const first = errors[0];
  const isCut = first === undefined || (!isSmall && first.offset + first.length >= TOLERANT_LIMIT);
  if (isCut) return { message: 'the file is not valid JSON', line: 1, column: 1, mayBePartial: true, tree: null };
  const atEnd = text.slice(first.offset).trim() === '';
  const words = atEnd ? 'the text ends in the middle of an object; complete it' : syntaxWords(first.error);
  const message = `not valid JSON: ${words}`;
  return { ...position(first.offset), message, mayBePartial: true, tree: isSmall ? (tree ?? null) : null };
}

/** The messages for each `ParseErrorCode` of jsonc-parser. */
const SYNTAX_WORDS: Readonly<Record<number, string>> = {
  1: 'an unknown word; put text into double quotes',
  2: 'a number in a wrong form',
  3: 'a field name in double quotes must stand here; remove the comma before it if no field follows',
  4: 'a value must stand here; remove the comma before it if none follows',
  5: 'a ":" is missing after the field name',
  6: 'a "," is missing before this',
  7: 'a "}" is missing',
  8: 'a "]" is missing',
  9: 'there is more text after the end; a file holds one object, or a List of them',
  10: 'comments are not allowed; remove it',
  11: 'comments are not allowed; remove it',
  12: 'a text is not closed; add the double quote',
  13: 'a number in a wrong form',
  14: 'a \\u must be followed by four hexadecimal digits',
  15: 'an unknown escape after "\\"; write "\\\\" for a backslash',
  16: 'a control character in a text; write it as an escape, e.g. \\n or \\t',
};

function syntaxWords(code: number): string {
  return SYNTAX_WORDS[code] ?? 'the text is not understood here';
}

function faultMessage(fault: TextFault): string {
  const key = quote(fault.key ?? '');
  switch (fault.fault) {
    case 'nesting':
      return `nested deeper than ${MAX_NESTING} levels: a Workspace needs fewer than 10`;
    case 'duplicate-key':
      return `${key} stands twice in one object: remove one of them`;
    case 'forbidden-key':
      return `${key} is not allowed as a key: rename or remove it`;
    case 'nul':
      return 'a text holds a NUL character (\\u0000): remove it';
    case 'surrogate':
      return 'a text holds half a surrogate pair (\\ud800 to \\udfff): write the whole character';
    case 'number':
      return 'the number is too large';
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Finds the first invalid byte. The decoder does not report it, so the bytes are compared with the result of a lenient
 * decoder.
 */
function invalidOffset(bytes: Uint8Array): number {
  const lenient = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), 'utf8');
  const end = Math.min(bytes.length, lenient.length);
  for (let offset = 0; offset < end; offset += 1) if (bytes[offset] !== lenient[offset]) return offset;
  return end;
}

function countLines(bytes: Uint8Array, end: number): number {
  let line = 1;
  for (let offset = 0; offset < end; offset += 1) if (bytes[offset] === 0x0a) line += 1;
  return line;
}
