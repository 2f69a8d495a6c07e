import { createScanner } from 'jsonc-parser';

/** The token codes of jsonc-parser, whose `const enum` cannot be imported under `isolatedModules`. */
const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  string: 10,
  number: 11,
  eof: 17,
} as const;

export const MAX_NESTING = 64;

/** Keys with which careless code, ours or a library's, accesses an object's prototype. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export interface TextFault {
  readonly offset: number;
  /** The key that the message names, or null. */
  readonly key: string | null;
  readonly fault: 'nesting' | 'duplicate-key' | 'forbidden-key' | 'nul' | 'surrogate' | 'number';
}

/** The keys of an object; null stands for an array. */
type Level = Set<string> | null;

/**
 * Finds the first thing in a JSON text that parsers accept and we do not, or that breaks a recursive parser. It reads
 * the text once and without recursion, so deep nesting is harmless. The text need not be valid JSON.
 */
export function checkTokens(text: string): TextFault | null {
  const scanner = createScanner(text, true);
  const levels: Level[] = [];
  let isKeyNext = false;
  for (let token: number = scanner.scan(); token !== TOKEN.eof; token = scanner.scan()) {
    const found = (fault: TextFault['fault'], key: string | null = null): TextFault => ({
      offset: scanner.getTokenOffset(),
      fault,
      key,
    });
    switch (token) {
      case TOKEN.openBrace:
      case TOKEN.openBracket:
        if (levels.length === MAX_NESTING) return found('nesting');
        levels.push(token === TOKEN.openBrace ? new Set() : null);
        isKeyNext = token === TOKEN.openBrace;
        break;
      case TOKEN.closeBrace:
      case TOKEN.closeBracket:
        levels.pop();
        isKeyNext = false;
        break;
      case TOKEN.comma:
        isKeyNext = levels.at(-1) instanceof Set;
        break;
      case TOKEN.string: {
        const value = scanner.getTokenValue();
        if (value.includes('\0')) return found('nul');
        if (hasLoneSurrogate(value)) return found('surrogate');
        if (!isKeyNext) break;
        const keys = levels.at(-1);
        if (FORBIDDEN_KEYS.has(value)) return found('forbidden-key', value);
        if (keys?.has(value)) return found('duplicate-key', value);
        keys?.add(value);
        isKeyNext = false;
        break;
      }
      case TOKEN.number:
        if (!Number.isFinite(Number(scanner.getTokenValue()))) return found('number');
        break;
    }
  }
  return null;
}

function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/u.test(text);
}
