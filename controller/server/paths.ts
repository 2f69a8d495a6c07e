import type { SourceAction } from '../model/git.js';

export const CACHES = '/api/v1/caches';
export const SOURCES = '/api/v1/sources';

/** Splits the target of a request into its path and query. */
export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** The name in `folder/NAME`; null for another path. */
export function nameUnder(folder: string, path: string): string | null {
  if (!path.startsWith(`${folder}/`)) return null;
  const name = decoded(path.slice(folder.length + 1));
  return name === null || name.includes('/') ? null : name;
}

/** The cache in `/api/v1/caches/NAME/ACTION`; null for another path. */
export function cacheOfAction(path: string, action: 'clear' | 'gc' | 'verify'): string | null {
  return nameOfAction(CACHES, path, action);
}

/** The source in `/api/v1/sources/NAME/ACTION`; null for another path. */
export function sourceOfAction(path: string, action: SourceAction): string | null {
  return nameOfAction(SOURCES, path, action);
}

function nameOfAction(folder: string, path: string, action: string): string | null {
  const end = `/${action}`;
  return path.endsWith(end) ? nameUnder(folder, path.slice(0, -end.length)) : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
