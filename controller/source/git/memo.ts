import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSettings } from '../../model/git.js';
import { replaceFile } from '../../state/state-file.js';

interface Remembered {
  /** Whether a person has suspended or resumed the source at run time; null: as configured. */
  readonly isSuspended: boolean | null;
  /** Identifies the settings for which the clone contains an applied commit. */
  readonly identity: string | null;
}

export type Memo = ReturnType<typeof createMemo>;

/** Creates the memory of a source outside its clone. All of it can be lost. */
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
      // The disk may be full. After a restart, the server is then asked before it is known what is applied.
    }
  }

  return {
    isSuspended: async (): Promise<boolean> => (await read()).isSuspended ?? suspend,
    suspended: (isSuspended: boolean): Promise<void> =>
      change({ isSuspended: isSuspended === suspend ? null : isSuspended }),
    /** Whether a commit was applied with these settings; another repository under the same name has none. */
    hasApplied: async (): Promise<boolean> => (await read()).identity === identity,
    applied: (): Promise<void> => change({ identity }),
  };
}
