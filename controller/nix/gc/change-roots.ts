import type { CallOptions } from '../../docker/port.js';
import type { KeeperExec } from '../keeper/keeper-exec.js';
import { ROOT_USER } from '../keeper/scripts.js';
import { CHANGE_ROOTS_SCRIPT } from './gc-scripts.js';
import type { FoundLink } from './plan-roots.js';
import type { Generation, Pin } from './root-inventory.js';

/** In the order in which they are made and dropped. */
export interface RootChange {
  readonly pin?: readonly Pick<FoundLink, 'owner' | 'name' | 'path'>[];
  /** Store paths that running processes use. */
  readonly run?: readonly string[];
  readonly expire?: readonly Pick<Generation, 'profile' | 'number'>[];
  readonly dropProfiles?: readonly string[];
  readonly unpin?: readonly Pick<Pin, 'owner' | 'name' | 'path'>[];
  readonly forget?: readonly string[];
  /** The collector of this process id goes on; once it has ended, nothing is changed and the call fails. */
  readonly go?: number;
}

/** Linux takes 128 KiB in one variable. */
const LONGEST_VARIABLE = 100_000;
/** As the keeper's scripts have it: one that is not stays where it is. */
const FILE_NAME = /^(?!\.{1,2}$)[0-9a-zA-Z+._~=][0-9a-zA-Z+._~=-]*$/;

/** Makes roots and drops others, in as many calls as their number needs. Throws a `FailureError`. */
export async function changeRoots({ told }: KeeperExec, change: RootChange, options: CallOptions): Promise<void> {
  const batches = batchesOf({
    KALPANA_PIN: (change.pin ?? []).map(({ owner, name, path }) => `${owner} ${pinFile(name, path)} ${path}`),
    KALPANA_RUN: change.run ?? [],
    KALPANA_EXPIRE: fileNames([
      ...(change.dropProfiles ?? []),
      ...(change.expire ?? []).map(({ profile, number }) => `${profile}-${number}-link`),
    ]),
    KALPANA_UNPIN: (change.unpin ?? []).map(({ owner, name, path }) => `${owner}/${pinFile(name, path)}`),
    KALPANA_FORGET: fileNames(change.forget ?? []),
  });
  for (const [index, env] of batches.entries()) {
    const isLast = index === batches.length - 1;
    const collector = {
      KALPANA_COLLECTOR: change.go === undefined ? '' : String(change.go),
      KALPANA_GO: isLast && change.go !== undefined ? '1' : '',
    };
    await told(CHANGE_ROOTS_SCRIPT, ROOT_USER, { ...env, ...collector }, 'the roots could not be changed', options);
  }
}

function fileNames(names: readonly string[]): string[] {
  return names.filter((name) => FILE_NAME.test(name));
}

/**
 * One file of a name may be there twice, with another path each. A name that no client gave, but a person, may hold
 * anything.
 */
function pinFile(name: string, path: string): string {
  return `${name.replace(/[^0-9a-zA-Z+._~=-]/g, '_')}.${path.slice('/nix/store/'.length).slice(0, 32)}`;
}

/** One list after the other, in pieces that fit into a variable: what comes first is made first. */
export function batchesOf<K extends string>(words: Readonly<Record<K, readonly string[]>>): Record<K, string>[] {
  const empty = Object.fromEntries(Object.keys(words).map((key) => [key, ''])) as Record<K, string>;
  const batches: Record<K, string>[] = [];
  let batch = { ...empty };
  let length = 0;
  for (const [key, lines] of Object.entries(words) as [K, readonly string[]][]) {
    for (const line of lines) {
      if (length + line.length > LONGEST_VARIABLE) {
        batches.push(batch);
        batch = { ...empty };
        length = 0;
      }
      batch[key] += `${line}\n`;
      length += line.length + 1;
    }
  }
  return [...batches, batch];
}
