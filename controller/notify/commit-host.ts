import type { GitUrl } from '../model/git-url.js';
import type { Provider } from './providers.js';

export interface CommitHost {
  /** The address of the API, without a slash at its end. */
  readonly api: string;
  readonly repository: string;
}

type Failure = { readonly error: string };

/** Hosts that offer ssh on port 443 under a name that has no API. */
const SSH_HOSTS: Readonly<Record<string, string>> = {
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
};
const API_PATHS: Readonly<Record<Provider, string>> = { github: '/api/v3', gitlab: '/api/v4', gitea: '/api/v1' };

/**
 * Determines where the states of a repository's commits are shown; what is not given is derived from the repository's
 * address.
 */
export function commitHost(
  provider: Provider,
  url: GitUrl,
  given: { readonly api: string | null; readonly repository: string | null },
): CommitHost | Failure {
  const place = placeOf(url);
  if (place === null && (given.api === null || given.repository === null))
    return {
      error:
        `${url.scheme === 'file' ? 'a file address' : 'the address'} tells no host: ` +
        'name both the API and the repository',
    };
  const api = given.api === null ? apiOf(provider, place?.origin ?? '') : checkApi(given.api);
  if (typeof api !== 'string') return api;
  const repository = (given.repository ?? place?.repository ?? '').replace(/^\/+|\/+$/g, '');
  const parts = repository.split('/');
  // `..` would be resolved in the URL and lead outside the repository's part of the API.
  const isUsable =
    parts.length >= 2 &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..') &&
    (provider === 'gitlab' || parts.length === 2);
  if (!isUsable)
    return {
      error:
        `the repository is not ${provider === 'gitlab' ? 'group/name' : 'owner/name'}: ` +
        'name it, and the API when that is not at the root of its host',
    };
  return { api, repository };
}

function apiOf(provider: Provider, origin: string): string {
  const { hostname } = new URL(origin);
  if (provider === 'github' && (hostname === 'github.com' || hostname === 'www.github.com'))
    return 'https://api.github.com';
  return origin + API_PATHS[provider];
}

function checkApi(text: string): string | Failure {
  if (!URL.canParse(text)) return { error: 'the API is not an address' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { error: 'the API is not an address of https or http' };
  if (url.username !== '' || url.password !== '')
    return { error: "the API's address holds credentials: put them into the token's file" };
  if (url.search !== '' || url.hash !== '')
    return { error: "the API's address holds a query or a fragment: leave them out" };
  return url.href.replace(/\/+$/, '');
}

function placeOf({ text, scheme }: GitUrl): { readonly origin: string; readonly repository: string } | null {
  if (scheme === 'file') return null;
  const scp = scheme === 'ssh' && !/^ssh:\/\//i.test(text) ? /^(?:[^@]*@)?([^:/]+):(.+)$/.exec(text) : null;
  try {
    // The port of ssh is not the port of the API.
    if (scp !== null) return { origin: overHttps(scp[1] ?? ''), repository: nameOf(scp[2] ?? '') };
    const url = new URL(text);
    const origin = scheme === 'ssh' ? overHttps(url.hostname) : `${url.protocol}//${url.host}`;
    return { origin, repository: nameOf(decodeURIComponent(url.pathname)) };
  } catch {
    return null;
  }
}

function overHttps(host: string): string {
  const name = host.toLowerCase();
  return new URL(`https://${SSH_HOSTS[name] ?? name}`).origin;
}

function nameOf(path: string): string {
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}
