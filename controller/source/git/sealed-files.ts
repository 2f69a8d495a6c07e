import { posix } from 'node:path';
import type { SpecProblem } from '../../model/desired.js';
import { faultOfForm, MAX_AGE_BYTES } from '../secrets/age.js';
import { ageFilesOf, ageProblem, type AgeFileUse } from '../secrets/age-files.js';
import type { Definition, SpecFile } from '../spec-file.js';
import type { TreeEntry } from './repository.js';

const FILE = /^100/;

type ReadBlobs = (hashes: readonly string[]) => Promise<ReadonlyMap<string, Buffer>>;

/**
 * Gives definitions the encrypted files of their own commit: what a commit says and the secrets beside it go together. A definition
 * whose file is not there, or is not encrypted, is refused, and with it the commit. What did not change is the same object again.
 */
export function createSealedFiles(prefix: string) {
  let memory = new Map<SpecFile, { readonly id: string; readonly file: SpecFile }>();

  return async (files: readonly SpecFile[], entries: readonly TreeEntry[], read: ReadBlobs): Promise<SpecFile[]> => {
    const users = files.filter(({ definitions }) => definitions.some((definition) => ageFilesOf(definition).length > 0));
    const byPath = users.length === 0 ? new Map<string, TreeEntry>() : new Map(entries.map((entry) => [posix.join(prefix, entry.path), entry]));
    const entryOf = (file: SpecFile, use: AgeFileUse) => byPath.get(posix.join(posix.dirname(file.file), use.file));
    const looked = users.map((file) => {
      const found = file.definitions.flatMap(ageFilesOf).flatMap((use) => entryOf(file, use) ?? []);
      return { file, found, id: found.map(({ mode, hash, path }) => `${mode} ${hash} ${path}`).join('\n') };
    });
    const changed = looked.filter(({ file, id }) => memory.get(file)?.id !== id);
    const wanted = changed.flatMap(({ found }) => found).filter((entry) => faultOfEntry(entry) === null);
    const contents = await read([...new Set(wanted.map(({ hash }) => hash))]);
    const next: typeof memory = new Map();
    for (const { file, id } of looked) {
      const before = memory.get(file);
      next.set(file, before?.id === id ? before : { id, file: seal(file, (use) => entryOf(file, use), contents) });
    }
    memory = next;
    return files.map((file) => next.get(file)?.file ?? file);
  };
}

function seal(file: SpecFile, entryOf: (use: AgeFileUse) => TreeEntry | undefined, contents: ReadonlyMap<string, Buffer>): SpecFile {
  const definitions: Definition[] = [];
  const refusals = [...file.refusals];
  const problems = [...file.problems];
  for (const definition of file.definitions) {
    const sealed = new Map<string, Uint8Array>();
    const found: SpecProblem[] = [];
    for (const use of ageFilesOf(definition)) {
      const bytes = bytesOf(entryOf(use), contents);
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

/** Or what is wrong, in words that follow the file's name. */
function bytesOf(entry: TreeEntry | undefined, contents: ReadonlyMap<string, Buffer>): Uint8Array | string {
  if (entry === undefined) return 'is not in the commit: add it beside the spec';
  const fault = faultOfEntry(entry);
  if (fault !== null) return fault;
  // A copy: what was read comes as a part of much more.
  const bytes = Buffer.from(contents.get(entry.hash) ?? '');
  return faultOfForm(bytes) ?? bytes;
}

/** Why it is not read at all. */
function faultOfEntry({ mode, size }: TreeEntry): string | null {
  if (!FILE.test(mode) || size === null) return 'is a link or a submodule: put the file itself there';
  return size > MAX_AGE_BYTES ? `is larger than ${MAX_AGE_BYTES / 1024} KiB: it is too large for a variable` : null;
}
