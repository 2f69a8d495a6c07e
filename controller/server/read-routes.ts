import type { StatusReader } from '../status/store.js';
import { CACHES, nameUnder, SOURCES, splitTarget } from './paths.js';
import { failure, json, type Reply } from './reply.js';

export interface Health {
  /** Whether the loop runs: the engine has been listed recently. */
  readonly alive: boolean;
  /** Whether every source was read once and the engine answers. */
  readonly ready: boolean;
  /** One line for a person, especially when one of the two is false. */
  readonly detail: string;
}

export interface RouteContext {
  readonly store: StatusReader;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly health: () => Health;
}

const WORKSPACES = '/api/v1/workspaces';

/** Answers a GET of `target` (path and query); null when the path is unknown. */
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

function probe(good: boolean, detail: string): Reply {
  return { status: good ? 200 : 503, contentType: 'text/plain; charset=utf-8', body: good ? 'ok\n' : `${detail}\n` };
}

function one(kind: string, name: string | null, find: (name: string) => object | null): Reply | null {
  if (name === null) return null;
  const status = find(name);
  return status === null ? failure(404, `there is no ${kind} '${name}'`) : json(200, status);
}
