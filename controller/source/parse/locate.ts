import { findNodeAtLocation } from 'jsonc-parser';
import type { JSONPath, Node } from 'jsonc-parser';

/** Something wrong at a path in an object, before it has a line and a column. */
export interface Issue {
  readonly path: JSONPath;
  /** Whether the message is about the name of the field or about its value. */
  readonly at: 'key' | 'value';
  /** The message without the path, which is prepended later. */
  readonly message: string;
}

/** Creates an issue about the value of a field below `spec`. */
export function specIssue(path: JSONPath, message: string): Issue {
  return { path: ['spec', ...path], at: 'value', message };
}

/** The offset of the value at `path` below `node`, or of the nearest enclosing value when there is none. */
export function offsetOf(node: Node, path: JSONPath, at: Issue['at'] = 'value'): number {
  for (let length = path.length; length > 0; length -= 1) {
    const found = findNodeAtLocation(node, path.slice(0, length));
    if (!found) continue;
    const isKey = at === 'key' && length === path.length && found.parent?.type === 'property';
    return isKey ? (found.parent?.offset ?? found.offset) : found.offset;
  }
  return node.offset;
}

/**
 * Renders a path as text, such as `spec.env[0].value`; a key that is not a plain word is in brackets, as `show` writes
 * it.
 */
export function pathText(path: JSONPath, show: (key: string) => string): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z_$][\w$]{0,59}$/.test(part)) return `${text}[${show(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
