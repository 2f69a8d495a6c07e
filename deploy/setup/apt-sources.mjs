// The machine's own package mirrors, read from its apt configuration: what we build comes from where it gets its packages.
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

/** The deb822 format: fields in stanzas parted by empty lines. A key written into the stanza itself is left to apt's defaults. */
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

export function sourceLine({ uri, suite, signedBy }) {
  return `deb ${signedBy ? `[signed-by=${signedBy}] ` : ''}${uri} ${suite} main`;
}
