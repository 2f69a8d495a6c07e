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
    const next: typeof memory = new Map();
    if (users.length > 0) {
      const byPath = new Map(entries.map((entry) => [posix.join(prefix, entry.path), entry]));
      const entryOf = (file: SpecFile, use: AgeFileUse) => byPath.get(posix.join(posix.dirname(file.file), use.file));
      const hashesOf = (file: SpecFile) => file.definitions.flatMap(ageFilesOf).flatMap((use) => entryOf(file, use) ?? []);
      const wanted = users.flatMap(hashesOf).filter(isReadable).map(({ hash }) => hash);
      const contents = await read([...new Set(wanted)]);
      for (const file of users) {
        const id = hashesOf(file).map(({ mode, hash, path }) => `${mode} ${hash} ${path}`).join('\n');
        const before = memory.get(file);
        next.set(file, before?.id === id ? before : { id, file: seal(file, (use) => entryOf(file, use), contents) });
      }
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
  if (!FILE.test(entry.mode) || entry.size === null) return 'is a link or a submodule: put the file itself there';
  if (entry.size > MAX_AGE_BYTES) return `is larger than ${MAX_AGE_BYTES / 1024} KiB: it is too large for a variable`;
  // A copy: what was read comes as a part of much more.
  const bytes = Buffer.from(contents.get(entry.hash) ?? '');
  return faultOfForm(bytes) ?? bytes;
}

function isReadable({ mode, size }: TreeEntry): boolean {
  return FILE.test(mode) && size !== null && size <= MAX_AGE_BYTES;
}
