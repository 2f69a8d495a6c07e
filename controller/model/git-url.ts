export interface GitUrl {
  /** The address in git's form, without credentials. */
  readonly text: string;
  readonly scheme: 'https' | 'http' | 'ssh' | 'file';
  /** The absolute path of the repository in a `file` address; null for any other. */
  readonly path: string | null;
  /** `scheme://host[:port]` of an https or http address, to which a token belongs; null for any other. */
  readonly origin: string | null;
  /** Whether the host is this machine. */
  readonly isLoopback: boolean;
}

const SCP = /^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)([^\s]+)$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const UNPRINTABLE = /[\u0000-\u0020\u007f]/;

/** Parses the address of a repository: https, http, ssh, `user@host:path`, file, or an absolute path. */
export function parseGitUrl(text: string): GitUrl | { readonly error: string } {
  if (UNPRINTABLE.test(text)) return { error: 'holds spaces or control characters: write them as %20' };
  if (text.startsWith('/')) return fileUrl(text);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return scpUrl(text);
  if (scheme === 'file') return withFilePath(text);
  if (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh')
    return { error: `has the scheme ${scheme}: use https, ssh or file` };
  return hostUrl(text, scheme);
}

function hostUrl(text: string, scheme: 'https' | 'http' | 'ssh'): GitUrl | { readonly error: string } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { error: 'is not an address' };
  }
  if (url.password !== '' || (scheme !== 'ssh' && url.username !== ''))
    return { error: 'holds credentials, which would end up in logs: put them into a file (--git-token-file)' };
  if (!HOST.test(url.hostname) || url.username.startsWith('-')) return { error: 'names no host' };
  if (url.pathname === '' || url.pathname === '/') return { error: 'names no repository' };
  if (url.search !== '' || url.hash !== '') return { error: 'holds a query or a fragment: leave them out' };
  return {
    text,
    scheme,
    path: null,
    origin: scheme === 'ssh' ? null : `${scheme}://${url.host}`,
    isLoopback: LOOPBACK.test(url.hostname),
  };
}

function scpUrl(text: string): GitUrl | { readonly error: string } {
  const match = SCP.exec(text);
  // Addresses such as `ext::sh -c …` run commands, so the name of a helper and two colons are not accepted as a host.
  if (match === null || text.includes('::') || match[1]?.startsWith('-'))
    return {
      error:
        'is not the address of a repository: use https://…, ssh://…, user@host:path, file:///… or an absolute path',
    };
  return { text, scheme: 'ssh', path: null, origin: null, isLoopback: LOOPBACK.test(match[2] ?? '') };
}

function withFilePath(text: string): GitUrl | { readonly error: string } {
  try {
    const url = new URL(text);
    if (url.host !== '') return { error: 'is a file address with a host: write three slashes' };
    return fileUrl(decodeURIComponent(url.pathname));
  } catch {
    return { error: 'is not an address' };
  }
}

function fileUrl(path: string): GitUrl {
  // An address is used instead of the path, because git would clone a path with hard links, and not make the clone
  // shallow.
  return {
    text: `file://${encodeURI(path).replaceAll('#', '%23').replaceAll('?', '%3F')}`,
    scheme: 'file',
    path,
    origin: null,
    isLoopback: true,
  };
}
