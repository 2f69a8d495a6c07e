import { posix } from 'node:path';
import type { SpecProblem } from '../../model/desired.js';
import { faultOfForm, MAX_AGE_BYTES } from '../secrets/age-opener.js';
import { ageFilesOf, ageProblem, type AgeFileUse } from '../secrets/age-files.js';
import type { Definition, SpecFile } from '../parse/spec-file.js';
import type { TreeEntry } from './git-output.js';

const FILE = /^100/;
/** The most bytes of all encrypted files of a commit together, because they stay in memory. */
const SEALED_BYTES = 64 * 1024 * 1024;

export interface SealedBlob {
  readonly hash: string;
  readonly size: number;
}

type ReadBlobs = (blobs: readonly SealedBlob[]) => Promise<ReadonlyMap<string, Buffer>>;

/**
 * A file that a definition names, or a description of what is wrong with it, which follows the file's name in a
 * message.
 */
type Found = SealedBlob | { readonly fault: string };

/**
 * Adds to definitions the encrypted files of their own commit, because its specs and the secrets beside them belong
 * together. A definition whose file is missing or not encrypted is refused, and the commit with it. A file that has not
 * changed is returned as the same object.
 * @param mostBytes the most bytes of all encrypted files together
 */
export function createSealedFiles(prefix: string, mostBytes = SEALED_BYTES) {
  let memory = new Map<SpecFile, { readonly id: string; readonly file: SpecFile }>();

  return async (files: readonly SpecFile[], entries: readonly TreeEntry[], read: ReadBlobs): Promise<SpecFile[]> => {
    const users = files.filter(({ definitions }) =>
      definitions.some((definition) => ageFilesOf(definition).length > 0),
    );
    const byPath =
      users.length === 0
        ? new Map<string, TreeEntry>()
        : new Map(entries.map((entry) => [posix.join(prefix, entry.path), entry]));
    const find = createFinder(byPath, mostBytes);
    const looked = users.map((file) => {
      const uses = new Map(file.definitions.flatMap(ageFilesOf).map((use) => [use.file, find(file, use)]));
      return { file, uses, id: JSON.stringify([...uses]) };
    });
    const changed = looked.filter(({ file, id }) => memory.get(file)?.id !== id);
    const wanted = changed
      .flatMap(({ uses }) => [...uses.values()])
      .flatMap((found) => ('fault' in found ? [] : [[found.hash, found] as const]));
    const contents = await read([...new Map(wanted).values()]);
    const next: typeof memory = new Map();
    for (const { file, uses, id } of looked) {
      const before = memory.get(file);
      next.set(file, before?.id === id ? before : { id, file: seal(file, uses, contents) });
    }
    memory = next;
    return files.map((file) => next.get(file)?.file ?? file);
  };
}

function createFinder(
  byPath: ReadonlyMap<string, TreeEntry>,
  mostBytes: number,
): (file: SpecFile, use: AgeFileUse) => Found {
  const counted = new Set<string>();
  let bytes = 0;
  return (file, use) => {
    const entry = byPath.get(posix.join(posix.dirname(file.file), use.file));
    if (entry === undefined) return { fault: 'is not in the commit: add it beside the spec' };
    const { mode, hash, size } = entry;
    if (!FILE.test(mode) || size === null) return { fault: 'is a link or a submodule: put the file itself there' };
    if (size > MAX_AGE_BYTES)
      return { fault: `is larger than ${MAX_AGE_BYTES / 1024} KiB: it is too large for a variable` };
    const more = counted.has(hash) ? 0 : size;
    if (bytes + more > mostBytes)
      return { fault: `is one too many: all age files of a commit together are larger than ${mostBytes / 1024} KiB` };
    bytes += more;
    counted.add(hash);
    return { hash, size };
  };
}

function seal(file: SpecFile, uses: ReadonlyMap<string, Found>, contents: ReadonlyMap<string, Buffer>): SpecFile {
  const definitions: Definition[] = [];
  const refusals = [...file.refusals];
  const problems = [...file.problems];
  for (const definition of file.definitions) {
    const sealed = new Map<string, Uint8Array>();
    const found: SpecProblem[] = [];
    for (const use of ageFilesOf(definition)) {
      const bytes = bytesOf(uses.get(use.file)!, contents);
      if (typeof bytes !== 'string') sealed.set(use.file, bytes);
      else found.push(ageProblem(use, definition.name, bytes));
    }
    const [first] = found;
    if (first !== undefined) {
      refusals.push({ name: definition.name, kind: definition.kind, problem: first });
      problems.push(...found);
    } else definitions.push(definition.kind === 'Workspace' ? { ...definition, sealed } : definition);
  }
  return { ...file, definitions, refusals, problems };
}

/** The bytes of a file, or a description of what is wrong with it, which follows the file's name in a message. */
function bytesOf(found: Found, contents: ReadonlyMap<string, Buffer>): Uint8Array | string {
  if ('fault' in found) return found.fault;
  const bytes = contents.get(found.hash) ?? Buffer.alloc(0);
  return faultOfForm(bytes) ?? bytes;
}
