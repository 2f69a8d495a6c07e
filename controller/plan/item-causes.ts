import { canonicalJson } from '../model/canonical.js';
import type { CreationEnv, CreationMount, CreationPort } from '../model/desired.js';
import { change, shortened } from './value-change.js';

/** How the changes of a list of named items are described. */
interface Kind<T> {
  readonly word: string;
  readonly keyOf: (item: T) => string;
  /** Details about an item that was added. */
  readonly more?: (item: T) => string;
  /** The changes of one item, as texts that follow its key. */
  readonly changes: (before: T, after: T) => readonly string[];
}

/**
 * Only names are shown, never values: a plain variable may contain what its author should have put into a secret file.
 */
const ENV: Kind<CreationEnv> = {
  word: 'env',
  keyOf: ({ name }) => name,
  changes: (before, after) => [envChange(secretOf(before), secretOf(after))],
};
const MOUNT: Kind<CreationMount> = {
  word: 'mount',
  keyOf: ({ target }) => target,
  more: (mount) => `${shortened(placeOf(mount))}, ${accessWords(mount.readOnly)}`,
  changes: mountChanges,
};
const PORT: Kind<CreationPort> = {
  word: 'port',
  keyOf: ({ containerPort, protocol }) => `${containerPort}/${protocol}`,
  more: hostAddress,
  changes: (before, after) => [change(hostAddress(before), hostAddress(after))],
};

/** Describes the changes of environment variables by name, never by value. Sorted. */
export function envCauses(before: readonly CreationEnv[], after: readonly CreationEnv[]): string[] {
  return itemCauses(ENV, before, after);
}

/** Describes the changes of mounts by target. Sorted. */
export function mountCauses(before: readonly CreationMount[], after: readonly CreationMount[]): string[] {
  return itemCauses(MOUNT, before, after);
}

/** Describes the changes of ports by container port and protocol. Sorted. */
export function portCauses(before: readonly CreationPort[], after: readonly CreationPort[]): string[] {
  return itemCauses(PORT, before, after);
}

/** Describes access as `read-only` or `read-write`. */
export function accessWords(readOnly: boolean): string {
  return readOnly ? 'read-only' : 'read-write';
}

/** Describes the changes of a list of items, sorted by key. */
function itemCauses<T>({ word, keyOf, more, changes }: Kind<T>, before: readonly T[], after: readonly T[]): string[] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const wanted = new Map(after.map((item) => [keyOf(item), item]));
  const keys = [...new Set([...old.keys(), ...wanted.keys()])].sort();
  return keys.flatMap((key) =>
    words(old.get(key), wanted.get(key)).map((text) => `${word} ${shortened(key)}: ${text}`),
  );

  function words(was: T | undefined, is: T | undefined): readonly string[] {
    if (is === undefined) return ['removed'];
    if (was === undefined) return [more === undefined ? 'added' : `added (${more(is)})`];
    return canonicalJson(was) === canonicalJson(is) ? [] : changes(was, is);
  }
}

interface SecretPlace {
  readonly word: 'secret file' | 'age file';
  readonly file: string;
}

/** Describes the change of one variable; null stands for a plain value. */
function envChange(before: SecretPlace | null, after: SecretPlace | null): string {
  if (before === null && after === null) return 'changed';
  if (before === null || after === null || before.word !== after.word)
    return `${placeWords(before)} -> ${placeWords(after)}`;
  return before.file === after.file
    ? `${placeWords(after)} changed`
    : `${after.word} ${change(before.file, after.file)}`;
}

function placeWords(place: SecretPlace | null): string {
  return place === null ? 'value' : `${place.word} ${shortened(place.file)}`;
}

function secretOf(env: CreationEnv): SecretPlace | null {
  if ('secretFile' in env) return { word: 'secret file', file: env.secretFile };
  return 'ageFile' in env ? { word: 'age file', file: env.ageFile } : null;
}

function mountChanges(before: CreationMount, after: CreationMount): string[] {
  const place = placeOf(before) === placeOf(after) ? [] : [change(placeOf(before), placeOf(after))];
  return before.readOnly === after.readOnly
    ? place
    : [...place, change(accessWords(before.readOnly), accessWords(after.readOnly))];
}

/**
 * The source of a mount. A path begins with a slash, and the name of a volume does not, so the two are distinguishable.
 */
function placeOf({ type, source }: CreationMount): string {
  return type === 'bind' ? source : `shared volume ${source}`;
}

/** The host side of a port; when it has no number, the controller chooses one. */
function hostAddress({ hostIP, hostPort }: CreationPort): string {
  const address = String(hostIP).includes(':') ? `[${hostIP}]` : hostIP;
  return hostPort === null ? address : `${address}:${hostPort}`;
}
