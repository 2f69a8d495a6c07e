import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Rows in one JSON file of the state directory, which can be lost at any time. */
export interface StateFile {
  /** All rows; none when the file is absent or broken. */
  read(): readonly unknown[];
  /** Whole or not at all. */
  write(rows: readonly unknown[]): void;
}

/** `onError` hears of a file that cannot be written; work goes on without it. */
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
        writeFileSync(`${file}.tmp`, `${JSON.stringify(rows)}\n`, { mode: 0o600 });
        renameSync(`${file}.tmp`, file);
      } catch (error) {
        onError(error as Error);
      }
    },
  };
}
