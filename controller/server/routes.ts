import type { SourceAction } from '../model/git.js';
import type { StatusReader } from '../status/store.js';

export interface Health {
  /** The loop runs: its last good list of the engine is recent. */
  readonly alive: boolean;
  /** Every source was read once and the engine answers. */
  readonly ready: boolean;
  /** One line for a person, most of all when either is false. */
  readonly detail: string;
}

export interface RouteContext {
  readonly store: StatusReader;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly health: () => Health;
}

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const WORKSPACES = '/api/v1/workspaces';
const CACHES = '/api/v1/caches';
const SOURCES = '/api/v1/sources';

/** The answer to a GET of `target` (path and query), or null when there is nothing of that path. */
export async function answer(context: RouteContext, target: string): Promise<Reply | null> {
  const { path, query } = splitTarget(target);
  const { store } = context;
  switch (path) {
    case '/metrics':
      return { status: 200, contentType: context.metrics.contentType, body: await context.metrics.render() };
    case '/healthz': {
      const health = context.health();
      return probe(health.alive, health.detail);
    }
    case '/readyz': {
      const health = context.health();
      return probe(health.ready, health.detail);
    }
    case WORKSPACES:
      return json(200, { items: store.list(), held: store.held() });
    case CACHES:
      return json(200, { items: store.caches() });
    case '/api/v1/events':
      return json(200, {
        items: store.events({ workspace: query.get('workspace') ?? undefined, cache: query.get('cache') ?? undefined }),
      });
    case SOURCES:
      return json(200, { items: store.sources() });
    default:
      return (
        one('workspace', nameUnder(WORKSPACES, path), store.get) ?? one('cache', nameUnder(CACHES, path), store.cache)
      );
  }
}

export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n`, headers };
}

export function failure(status: number, message: string, headers?: Readonly<Record<string, string>>): Reply {
  return json(status, { error: message }, headers);
}

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function probe(good: boolean, detail: string): Reply {
  return { status: good ? 200 : 503, contentType: 'text/plain; charset=utf-8', body: good ? 'ok\n' : `${detail}\n` };
}

/** The name in `folder/NAME`; null for another path. */
export function nameUnder(folder: string, path: string): string | null {
  if (!path.startsWith(`${folder}/`)) return null;
  const name = decoded(path.slice(folder.length + 1));
  return name === null || name.includes('/') ? null : name;
}

/** The cache of `/api/v1/caches/NAME/ACTION`; null for another path. */
export function cacheOfAction(path: string, action: 'clear' | 'gc'): string | null {
  return nameOfAction(CACHES, path, action);
}

/** The source of `/api/v1/sources/NAME/ACTION`; null for another path. */
export function sourceOfAction(path: string, action: SourceAction): string | null {
  return nameOfAction(SOURCES, path, action);
}

function nameOfAction(folder: string, path: string, action: string): string | null {
  const end = `/${action}`;
  return path.endsWith(end) ? nameUnder(folder, path.slice(0, -end.length)) : null;
}

function one(kind: string, name: string | null, find: (name: string) => object | null): Reply | null {
  if (name === null) return null;
  const status = find(name);
  return status === null ? failure(404, `there is no ${kind} '${name}'`) : json(200, status);
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
