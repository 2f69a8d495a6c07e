import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces `file` by one that holds `text`, whole or not at all, with mode 0600. Throws as node:fs does. What a killed
 * process left half written is `<file>.tmp`, and the next replacement overwrites it.
 */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** Rows in one JSON file of the state directory, which can be lost at any time. */
export interface StateFile {
  /** All rows; none when the file is absent or broken. */
  read(): readonly unknown[];
  /** Whole or not at all. */
  write(rows: readonly unknown[]): void;
}

/** The rows of `file`. `onError` is called when it cannot be written; `write` itself never throws. */
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
