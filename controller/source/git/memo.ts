import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSettings } from '../../model/git.js';

interface Memo {
  /** What a person said while it ran; null: as configured. */
  readonly isSuspended: boolean | null;
}

interface Written extends Memo {
  readonly identity: string;
}

/** What is remembered of a source beside its clone. All of it can be lost. */
export function createMemo(directory: string, { url, ref, path }: GitSettings) {
  const file = join(directory, 'source.json');
  // Another repository under the same name has applied nothing yet.
  const identity = [url.text, ref ?? '', path].join(' ');

  async function read(): Promise<Partial<Written>> {
    try {
      const value: unknown = JSON.parse(await readFile(file, 'utf8'));
      return typeof value === 'object' && value !== null ? value : {};
    } catch {
      return {};
    }
  }

  return {
    async load(): Promise<Memo> {
      const { isSuspended } = await read();
      return { isSuspended: typeof isSuspended === 'boolean' ? isSuspended : null };
    },
    isOfTheseSettings: async (): Promise<boolean> => (await read()).identity === identity,
    async save(memo: Memo): Promise<void> {
      const written: Written = { ...memo, identity };
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(`${file}.tmp`, `${JSON.stringify(written)}\n`, { mode: 0o600 });
        await rename(`${file}.tmp`, file);
      } catch {
        // A full disk: a restart asks the server before it knows what is applied.
      }
    },
  };
}
