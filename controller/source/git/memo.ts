import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSettings } from '../../model/git.js';
import { replaceFile } from '../../state/state-file.js';

interface Remembered {
  /** What a person said while it ran; null: as configured. */
  readonly isSuspended: boolean | null;
  /** The settings whose commit the clone calls applied. */
  readonly identity: string | null;
}

export type Memo = ReturnType<typeof createMemo>;

/** What is remembered of a source beside its clone. All of it can be lost. */
export function createMemo(directory: string, { url, ref, path, suspend }: GitSettings) {
  const file = join(directory, 'source.json');
  const identity = [url.text, ref ?? '', path].join(' ');

  async function read(): Promise<Remembered> {
    try {
      const value: unknown = JSON.parse(await readFile(file, 'utf8'));
      const memo =
        typeof value === 'object' && value !== null ? (value as Partial<Record<keyof Remembered, unknown>>) : {};
      return {
        isSuspended: typeof memo.isSuspended === 'boolean' ? memo.isSuspended : null,
        identity: typeof memo.identity === 'string' ? memo.identity : null,
      };
    } catch {
      return { isSuspended: null, identity: null };
    }
  }

  async function change(part: Partial<Remembered>): Promise<void> {
    try {
      const memo: Remembered = { ...(await read()), ...part };
      await mkdir(directory, { recursive: true, mode: 0o700 });
      replaceFile(file, `${JSON.stringify(memo)}\n`);
    } catch {
      // A full disk: a restart asks the server before it knows what is applied.
    }
  }

  return {
    isSuspended: async (): Promise<boolean> => (await read()).isSuspended ?? suspend,
    suspended: (isSuspended: boolean): Promise<void> =>
      change({ isSuspended: isSuspended === suspend ? null : isSuspended }),
    /** Another repository under the same name has applied nothing yet. */
    hasApplied: async (): Promise<boolean> => (await read()).identity === identity,
    applied: (): Promise<void> => change({ identity }),
  };
}
