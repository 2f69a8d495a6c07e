import { canonicalJson } from '../model/canonical.js';
import type { CreationEnv, CreationMount, CreationPort } from '../model/desired.js';
import { change, shortened } from './value-change.js';

/** How the changes of a list of named items are described. */
interface Kind<T> {
  readonly word: string;
  readonly keyOf: (item: T) => string;
  /** Details of an item that was added. */
  readonly more?: (item: T) => string;
  /** The changes of one item, as texts that follow the key. */
  readonly changes: (before: T, after: T) => readonly string[];
}

/** Names, never values: a plain variable may hold what its author should have put into a secret file. */
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

/** The changes of environment variables, by name; never their values. Sorted. */
export function envCauses(before: readonly CreationEnv[], after: readonly CreationEnv[]): string[] {
  return itemCauses(ENV, before, after);
}

/** The changes of mounts, by target. Sorted. */
export function mountCauses(before: readonly CreationMount[], after: readonly CreationMount[]): string[] {
  return itemCauses(MOUNT, before, after);
}

/** The changes of ports, by container port and protocol. Sorted. */
export function portCauses(before: readonly CreationPort[], after: readonly CreationPort[]): string[] {
  return itemCauses(PORT, before, after);
}

/** `read-only` or `read-write`. */
export function accessWords(readOnly: boolean): string {
  return readOnly ? 'read-only' : 'read-write';
}

/** Sorted by key. */
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

/** Null: a plain value. */
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

/** A path begins with a slash, and a volume's name does not. */
function placeOf({ type, source }: CreationMount): string {
  return type === 'bind' ? source : `shared volume ${source}`;
}

/** The host's side of a port; without a number the controller chooses one. */
function hostAddress({ hostIP, hostPort }: CreationPort): string {
  const address = String(hostIP).includes(':') ? `[${hostIP}]` : hostIP;
  return hostPort === null ? address : `${address}:${hostPort}`;
}
