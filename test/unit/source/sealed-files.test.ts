import { describe, expect, it } from '@jest/globals';
import { createSealedFiles, type SealedBlob } from '../../../controller/source/git/sealed-files.js';
import type { TreeEntry } from '../../../controller/source/git/git-output.js';
import { interpret } from '../../../controller/source/check/interpret.js';
import { loadSchemas } from '../../../controller/source/check/schema.js';
import type { SpecFile } from '../../../controller/source/parse/spec-file.js';
import { workspaceText } from '../../support/git/repository.js';

const schemas = loadSchemas();
const AGE = Buffer.from('age-encryption.org/v1\n');

function specOf(name: string, ...ageFiles: readonly string[]): Promise<SpecFile> {
  const env = ageFiles.map((ageFile, index) => ({ name: `V${index}`, valueFrom: { ageFile } }));
  return interpret(
    schemas,
    Buffer.from(workspaceText(name, { env })),
    { source: 'git:team', file: `${name}.json` },
    async () => undefined,
  );
}

const blob = (path: string, hash: string, size: number): TreeEntry => ({ mode: '100644', hash, size, path });

/** Reads that tell what was asked for. */
function reader() {
  const asked: SealedBlob[] = [];
  return {
    asked,
    read: async (blobs: readonly SealedBlob[]) => (asked.push(...blobs), new Map(blobs.map(({ hash }) => [hash, AGE]))),
  };
}

const messagesOf = (files: readonly SpecFile[]) =>
  files.flatMap(({ problems }) => problems.map(({ message }) => message));

describe('the encrypted files of a commit', () => {
  it('are bounded together, and what is too much names its spec', async () => {
    const specs = [await specOf('alice', 'a.age'), await specOf('bob', 'b.age')];
    const { asked, read } = reader();
    const sealed = await createSealedFiles('', 2_048)(
      specs,
      [blob('a.age', 'h1', 1_500), blob('b.age', 'h2', 1_500)],
      read,
    );
    expect(messagesOf(sealed)).toEqual([
      'spec.env: V0: the age file "b.age" is one too many: all age files of a commit together are larger than 2 KiB',
    ]);
    expect(sealed.map(({ definitions }) => definitions.length)).toEqual([1, 0]);
    expect(asked).toEqual([{ hash: 'h1', size: 1_500 }]);
  });

  it('count once however many name them', async () => {
    const specs = [await specOf('alice', 'a.age'), await specOf('bob', 'a.age', 'copy.age')];
    const { asked, read } = reader();
    const sealed = await createSealedFiles('', 2_048)(
      specs,
      [blob('a.age', 'h1', 1_500), blob('copy.age', 'h1', 1_500)],
      read,
    );
    expect(messagesOf(sealed)).toEqual([]);
    expect(asked).toEqual([{ hash: 'h1', size: 1_500 }]);
  });

  it('are taken again when there is room for them', async () => {
    const specs = [await specOf('alice', 'a.age'), await specOf('bob', 'b.age')];
    const { read } = reader();
    const seal = createSealedFiles('', 2_048);
    await seal(specs, [blob('a.age', 'h1', 1_500), blob('b.age', 'h2', 1_500)], read);
    const mended = await seal(specs, [blob('a.age', 'h3', 500), blob('b.age', 'h2', 1_500)], read);
    expect(messagesOf(mended)).toEqual([]);
  });

  it('that did not change are not read again', async () => {
    const specs = [await specOf('alice', 'a.age')];
    const { asked, read } = reader();
    const seal = createSealedFiles('');
    const [first] = await seal(specs, [blob('a.age', 'h1', 500)], read);
    const [second] = await seal(specs, [blob('a.age', 'h1', 500)], read);
    expect(second).toBe(first);
    expect(asked).toHaveLength(1);
  });
});
