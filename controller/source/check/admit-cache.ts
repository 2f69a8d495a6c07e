import { CACHE_MOUNT_PATH } from '../../model/names.js';
import type { NixCache, NixCacheSpec } from '../../model/nix-cache.generated.js';
import { admitBounds } from './admit-bounds.js';
import { admitGc, admitVerify } from './admit-gc.js';
import { admitImage } from './admit-image.js';
import { admitPackages } from './admit-packages.js';
import { DEFAULT_CACHE_CONFIG } from './cache-defaults.js';
import { specIssue as issue } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import {
  fileStorePath,
  isHttpAddress,
  isImageId,
  isImagePattern,
  isNetworkName,
  isNixPath,
  isPublicKey,
  isRemoteStore,
  holdsPassword,
  skipsSignatures,
} from './nix-values.js';
import { quote } from '../parse/problem.js';

/**
 * Directories in which no mount may be, because the keeper needs them as its image and the engine create them. For the
 * first list this applies to everything below them too.
 */
const KEEPERS_WHOLE: readonly string[] = ['/proc', '/sys', '/dev', '/run/kalpana', '/var/kalpana', CACHE_MOUNT_PATH];
const KEEPERS_OWN: readonly string[] = ['/', '/etc', '/bin', '/usr', '/tmp', '/run', '/var', ...KEEPERS_WHOLE];

/** Checks the rules for a cache that a schema cannot express. The value must be valid by the schema. */
export function admitCache(cache: NixCache): Issue[] {
  const spec = cache.spec ?? {};
  return [
    ...(spec.image === undefined ? [] : admitImage(spec.image)),
    ...admitNixpkgs(spec),
    ...admitSubstituters(spec),
    ...admitKeys(spec),
    ...admitTrustedImages(spec.trustedImages ?? []),
    ...admitNetwork(spec.network),
    ...admitTargets(spec.mounts ?? []),
    ...admitPackages('prewarm', spec.prewarm ?? []),
    ...admitBounds(spec.builds ?? {}, spec.resources ?? {}),
    ...admitGc(spec.gc ?? {}),
    ...admitVerify(spec.verify ?? {}),
  ];
}

const PASSWORD = 'holds a password, which every build in the keeper could read: use an address without one';

function* admitNixpkgs(spec: NixCacheSpec): Generator<Issue> {
  const { nixpkgs } = spec;
  if (nixpkgs === undefined) return;
  if (holdsPassword(nixpkgs)) yield issue(['nixpkgs'], PASSWORD);
  if (isHttpAddress(nixpkgs)) return;
  if (!isNixPath(nixpkgs))
    yield issue(
      ['nixpkgs'],
      `${quote(nixpkgs)} is neither an http or https address nor a plain absolute path: ` +
        'use e.g. "https://example.com/nixpkgs.tar.gz" or "/mnt/nixpkgs"',
    );
  else if (!isInKeeper(nixpkgs, spec))
    yield issue(['nixpkgs'], `${quote(nixpkgs)} lies in none of the cache's mounts: add it to "mounts"`);
}

function* admitSubstituters(spec: NixCacheSpec): Generator<Issue> {
  const mustSign = spec.requireSignatures ?? DEFAULT_CACHE_CONFIG.requireSignatures;
  for (const [index, text] of (spec.substituters ?? []).entries()) {
    const found = (message: string): Issue => issue(['substituters', index], `${quote(text)} ${message}`);
    if (holdsPassword(text)) {
      // The address is not quoted, because that would publish the password.
      yield issue(['substituters', index], PASSWORD);
      continue;
    }
    const directory = fileStorePath(text);
    if (directory === null && !isRemoteStore(text))
      yield found(
        'is not the address of a binary cache: ' +
          'use http://, https://, s3://, ssh:// or ssh-ng:// and a host, or file:/// and a plain path',
      );
    else if (directory !== null && !isInKeeper(directory, spec))
      yield found(`lies in none of the cache's mounts: add ${quote(directory)} to "mounts"`);
    else if (mustSign && skipsSignatures(text))
      yield found('accepts unsigned paths by its setting "trusted": remove that, or set "requireSignatures": false');
  }
}

function* admitKeys(spec: NixCacheSpec): Generator<Issue> {
  const { substituters, requireSignatures, trustedPublicKeys } = { ...DEFAULT_CACHE_CONFIG, ...spec };
  for (const [index, key] of trustedPublicKeys.entries()) {
    if (!isPublicKey(key))
      yield issue(
        ['trustedPublicKeys', index],
        `${quote(key)} is not a public key: ` +
          'use its name, ":" and 32 bytes in base64, as nix-store --generate-binary-cache-key writes it',
      );
  }
  if (requireSignatures && substituters.length > 0 && trustedPublicKeys.length === 0) {
    yield issue(
      ['trustedPublicKeys'],
      'is empty, and nothing that a substituter offers would be accepted: ' +
        'add the key of each, or set "requireSignatures": false',
    );
  }
}

function* admitTrustedImages(entries: readonly string[]): Generator<Issue> {
  for (const [index, entry] of entries.entries()) {
    const found = (message: string): Issue => issue(['trustedImages', index], `${quote(entry)} ${message}`);
    // Part of an id would be mistaken for a tag of an image named "sha256", and would trust nothing.
    if (entry.startsWith('sha256:')) {
      if (!isImageId(entry))
        yield found(
          'is not the id of an image: use "sha256:" and 64 hexadecimal digits, as docker image inspect shows it',
        );
    } else if (!isImagePattern(entry))
      yield found(
        'is neither the id of an image nor a reference with "*" for anything: ' +
          'use e.g. "sha256:…" or "registry.example.com/team/*"',
      );
  }
}

function* admitNetwork(network: string | undefined): Generator<Issue> {
  if (network === undefined) return;
  const remedy = 'use "kalpana-keepers", "bridge", "none", or the name of a network on the engine';
  if (network === 'host' || network.startsWith('container:'))
    yield issue(
      ['network'],
      `${quote(network)} would let builds reach what others listen on for themselves: ${remedy}`,
    );
  else if (!isNetworkName(network))
    yield issue(['network'], `${quote(network)} is not the name of a network: ${remedy}`);
}

function* admitTargets(mounts: NonNullable<NixCacheSpec['mounts']>): Generator<Issue> {
  const owners = new Map<string, string>();
  for (const [index, { target }] of mounts.entries()) {
    const found = (message: string): Issue => issue(['mounts', index, 'target'], `${quote(target)} ${message}`);
    const owner = owners.get(target);
    if (KEEPERS_OWN.includes(target) || KEEPERS_WHOLE.some((whole) => isBelow(whole, target)))
      yield found('belongs to the keeper: mount elsewhere, e.g. below "/mnt"');
    else if (owner) yield found(`is taken by ${owner}: mount elsewhere`);
    owners.set(target, owner ?? `spec.mounts[${index}]`);
  }
}

/** Whether `path` is visible in the keeper: in a mount or in the cache itself. */
function isInKeeper(path: string, spec: NixCacheSpec): boolean {
  const places = [CACHE_MOUNT_PATH, ...(spec.mounts ?? []).map(({ target }) => target)];
  return places.some((place) => path === place || isBelow(place, path));
}

function isBelow(directory: string, path: string): boolean {
  return path.startsWith(`${directory}/`);
}
