import { posix } from 'node:path';
import { interpret } from '../check/interpret.js';
import type { Breathe } from '../files/pacer.js';
import { problemOf } from '../parse/problem.js';
import type { SpecSchemas } from '../check/schema.js';
import { MAX_SPEC_BYTES } from '../files/source-reader.js';
import type { SpecFile } from '../parse/spec-file.js';
import type { GitRepository } from './repository.js';
import { createSealedFiles, type SealedBlob } from './sealed-files.js';
import { linksIn, specTree, type TreeFile } from './spec-tree.js';

/** How many bytes are read from the clone at once. */
const BATCH_BYTES = 8 * 1024 * 1024;
const LONGEST_LINK = 4096;

interface Interpreted {
  readonly hash: string;
  readonly spec: SpecFile;
}

/**
 * Reads the spec files of a commit; resolves with null when the commit does not have the directory. Files that have not
 * changed are not read again.
 */
export type ReadCommit = (revision: string, breathe: Breathe) => Promise<readonly SpecFile[] | null>;

/**
 * Creates a reader that remembers the last commit. `id` is the id of the source, `path` its directory in the
 * repository.
 */
export function createCommitReader(
  repository: GitRepository,
  schemas: SpecSchemas,
  { id, path: prefix }: { readonly id: string; readonly path: string },
): ReadCommit {
  /** The files of the last commit, by path in the repository. */
  let memory: ReadonlyMap<string, Interpreted> = new Map();
  const seal = createSealedFiles(prefix);
  const readBatch = (batch: readonly { readonly hash: string }[]) =>
    repository.read([...new Set(batch.map(({ hash }) => hash))], BATCH_BYTES + MAX_SPEC_BYTES);

  async function interpretAll(files: readonly TreeFile[], breathe: Breathe): Promise<SpecFile[]> {
    const next = new Map<string, Interpreted>();
    const placed = files.map((file) => ({ ...file, place: { source: id, file: posix.join(prefix, file.path) } }));
    const open = placed.filter(({ hash, place }) => memory.get(place.file)?.hash !== hash);
    for (const batch of batches(open.filter(({ size }) => size <= MAX_SPEC_BYTES))) {
      const contents = await readBatch(batch);
      for (const { hash, place } of batch)
        next.set(place.file, {
          hash,
          spec: await interpret(schemas, contents.get(hash) ?? Buffer.alloc(0), place, breathe),
        });
    }
    const specs = placed.map(({ hash, size, place }) => {
      if (size > MAX_SPEC_BYTES)
        return faulty(place, `the file is larger than ${MAX_SPEC_BYTES / 1024 / 1024} MiB: make it smaller`);
      const known = next.get(place.file) ?? memory.get(place.file)!;
      next.set(place.file, { hash, spec: known.spec });
      return known.spec;
    });
    memory = next;
    return specs;
  }

  async function readAll(blobs: readonly SealedBlob[]): Promise<ReadonlyMap<string, Buffer>> {
    const contents = new Map<string, Buffer>();
    // Each content is copied, because it is a part of a large buffer.
    for (const batch of batches(blobs))
      for (const [hash, bytes] of await readBatch(batch)) contents.set(hash, Buffer.from(bytes));
    return contents;
  }

  return async (revision, breathe) => {
    const entries = await repository.list(revision);
    if (entries === null) return null;
    const links = linksIn(entries).filter(({ size }) => size !== null && size <= LONGEST_LINK);
    const targets = await repository.read([...new Set(links.map(({ hash }) => hash))], BATCH_BYTES);
    const { files, faults } = specTree(
      entries,
      prefix,
      new Map([...targets].map(([hash, bytes]) => [hash, bytes.toString('utf8')])),
    );
    const specs = await seal(await interpretAll(files, breathe), entries, readAll);
    return [
      ...specs,
      ...faults.map(({ path, message }) => faulty({ source: id, file: posix.join(prefix, path) }, message)),
    ];
  };
}

function* batches<T extends { readonly size: number }>(items: readonly T[]): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (bytes + item.size > BATCH_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.size;
  }
  if (batch.length > 0) yield batch;
}

function faulty(place: { readonly source: string; readonly file: string }, message: string): SpecFile {
  const problem = problemOf(place.source, place.file, message);
  return {
    ...place,
    definitions: [],
    refusals: [{ name: null, kind: null, problem }],
    problems: [problem],
    hidesNames: true,
    mayBePartial: false,
  };
}
