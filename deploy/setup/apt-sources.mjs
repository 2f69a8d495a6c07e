// The machine's own package mirrors, read from its apt configuration: what we build comes from where it gets its
// packages.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { osRelease } from './packages.mjs';

function readEntries() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => join(folder, name))
      : []),
  ];
  return files.filter(existsSync).flatMap((file) => {
    const text = file.endsWith('.sources') || file.endsWith('.list') ? readFileSync(file, 'utf8') : '';
    return file.endsWith('.sources') ? fromStanzas(text) : fromLines(text);
  });
}

/** `deb [options] uri suite component…` */
function fromLines(text) {
  const lines = text.matchAll(/^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#\n]+)/gm);
  return [...lines].map(([, options = '', uri, suite, components]) => ({
    uri,
    suite,
    components: components.trim().split(/\s+/),
    signedBy: /signed-by=(\S+)/.exec(options)?.[1] ?? null,
  }));
}

/**
 * The deb822 format: fields in stanzas parted by empty lines. A key written into the stanza itself is left to apt's
 * defaults.
 */
function fromStanzas(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1].trim() ?? '';
    const words = (name) => field(name).split(/\s+/).filter(Boolean);
    if (!words('Types').includes('deb') || field('Enabled') === 'no') return [];
    const signedBy = field('Signed-By').startsWith('/') ? field('Signed-By') : null;
    return words('URIs').flatMap((uri) =>
      words('Suites').map((suite) => ({ uri, suite, components: words('Components'), signedBy })),
    );
  });
}

/** The distribution's own suites and no one else's. */
export function officialSources() {
  const codename = osRelease().VERSION_CODENAME ?? '';
  const suites = [codename, `${codename}-updates`, `${codename}-security`];
  return readEntries().filter(({ suite, components }) => suites.includes(suite) && components.includes('main'));
}

/**
 * The machine's mirrors carry Debian's other releases too, signed with keys that its keyring has; none on another
 * distribution.
 */
export function sourcesOfSuite(suite) {
  const { ID: id, VERSION_CODENAME: own } = osRelease();
  const sources = officialSources();
  if (suite === null || suite === own) return sources;
  return id === 'debian' ? sources.map((source) => ({ ...source, suite: source.suite.replace(own, suite) })) : [];
}

/** A line of sources.list. `expired`: a list that its mirror no longer renews will do. */
export function sourceLine({ uri, suite, signedBy }, { expired = false } = {}) {
  const options = [signedBy ? `signed-by=${signedBy}` : '', expired ? 'check-valid-until=no' : ''].filter(Boolean);
  return `deb ${options.length > 0 ? `[${options.join(' ')}] ` : ''}${uri} ${suite} main`;
}
