import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces `file` with one that contains `text`, either completely or not at all, with mode 0600. Throws as node:fs
 * does. A process that is killed meanwhile leaves `<file>.tmp`, which the next replacement overwrites.
 */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** Rows in a JSON file of the state directory. The file can be lost at any time. */
export interface StateFile {
  /** Returns all rows, or none when the file is absent or broken. */
  read(): readonly unknown[];
  /** Replaces all rows, either completely or not at all. */
  write(rows: readonly unknown[]): void;
}

/** Creates the state file at `file`. `onError` is called when it cannot be written; `write` itself never throws. */
export function createStateFile(file: string, onError: (error: Error) => void): StateFile {
  return {
    read() {
      try {
        const rows: unknown = JSON.parse(readFileSync(file, 'utf8'));
        return Array.isArray(rows) ? rows : [];
      } catch {
        return [];
      }
    },
    write(rows) {
      try {
        mkdirSync(dirname(file), { recursive: true });
        replaceFile(file, `${JSON.stringify(rows)}\n`);
      } catch (error) {
        onError(error as Error);
      }
    },
  };
}
