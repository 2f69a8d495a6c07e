import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpecLocation, SpecProblem } from '../model/desired.js';
import type { NixCache } from '../model/nix-cache.generated.js';
import type { Workspace } from '../model/workspace.generated.js';
import { checkObject } from './check/check-object.js';
import { define } from './check/define.js';
import { errorCode, ioWords } from './files/file-system.js';
import { mapLimit } from './files/pacer.js';
import type { Breathe } from './files/pacer.js';
import { problemOf } from './parse/problem.js';
import type { SpecSchemas } from './check/schema.js';
import type { Definition } from './parse/spec-file.js';
import { workspaceOfKey } from './parse/spec-kind.js';
import { replaceFile } from '../state/state-file.js';

const VERSION = 1;
const FILES_AT_ONCE = 8;
/**
 * The record of a workspace has its name. The record of a cache has a name with a dot, which keeps the two apart and
 * hides it from older releases.
 */
const FILE_NAME = /^(nixcache\.)?[a-z0-9-]+\.json$/;

/**
 * Stores the last good spec of each object on disk as it was written, so that a restart with a broken file keeps the
 * object (law 3).
 */
export interface LastGoodStore {
  /** Reads all records; leaves out a corrupt one, or one of a release with other fields. */
  load(breathe: Breathe): Promise<Definition[]>;
  /** Writes what has changed since the last call. A failed write is a problem, and the next call tries it again. */
  save(definitions: readonly Definition[], breathe: Breathe): Promise<SpecProblem[]>;
  remove(key: string): Promise<void>;
}

/** The store of a controller without a state directory. */
export const noLastGoodStore: LastGoodStore = {
  load: () => Promise.resolve([]),
  save: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
};

/** Creates a store with its records in `last-good/` below `stateDir`; it touches no file before the first call. */
export function createLastGoodStore(stateDir: string, schemas: SpecSchemas): LastGoodStore {
  const directory = join(stateDir, 'last-good');
  const saved = new Map<string, { definition: Definition | null; text: string }>();
  const fileOf = (key: string) => join(directory, fileName(key));
  let isReady = false;

  const prepare = async (): Promise<void> => {
    if (isReady) return;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    // Removes the half-written files of a killed process. `load` does not, because a plan calls it while a controller
    // runs.
    const leftovers = (await readdir(directory)).filter((name) => name.endsWith('.tmp'));
    await mapLimit(leftovers, FILES_AT_ONCE, (name) => rm(join(directory, name), { force: true }));
    isReady = true;
  };

  const write = (definition: Definition): void => {
    const text = recordText(definition);
    const { key } = definition;
    if (saved.get(key)?.text !== text) replaceFile(fileOf(key), text);
    saved.set(key, { definition, text });
  };

  return {
    async load(breathe) {
      const names = await readdir(directory).catch((): string[] => []);
      const loaded = await mapLimit(
        names.filter((name) => FILE_NAME.test(name)),
        FILES_AT_ONCE,
        async (name) => {
          const text = await readFile(join(directory, name), 'utf8').catch(() => '');
          await breathe();
          const definition = readRecord(schemas, text, name);
          if (definition) saved.set(definition.key, { definition: null, text });
          return definition;
        },
      );
      return loaded.filter((definition) => definition !== null);
    },

    async save(definitions, breathe) {
      const changed = definitions.filter((definition) => saved.get(definition.key)?.definition !== definition);
      if (changed.length === 0) return [];
      try {
        await prepare();
        await mapLimit(changed, FILES_AT_ONCE, async (definition) => {
          await breathe();
          write(definition);
        });
        return [];
      } catch (error) {
        if (errorCode(error) === 'UNKNOWN') throw error;
        isReady = false;
        return [
          problemOf(
            'state',
            directory,
            `last good specs cannot be saved: ${ioWords(error)}; a restart would not know them. ` +
              'Make the state directory writable',
          ),
        ];
      }
    },

    async remove(key) {
      saved.delete(key);
      await rm(fileOf(key), { force: true }).catch(() => undefined);
    },
  };
}

function fileName(key: string): string {
  return workspaceOfKey(key) === null ? `${key.toLowerCase().replace('/', '.')}.json` : `${key}.json`;
}

function recordText(definition: Definition): string {
  const { location } = definition;
  const object = definition.kind === 'Workspace' ? { workspace: definition.workspace } : { cache: definition.cache };
  return `${JSON.stringify({ version: VERSION, location, ...object })}\n`;
}

/** Reads the definition in a record; returns null unless it defines the object that its file is named after. */
function readRecord(schemas: SpecSchemas, text: string, file: string): Definition | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(record)) return null;
  const object = record.workspace ?? record.cache;
  if (checkObject(schemas, object, 1).length > 0) return null;
  const { location } = record;
  const definition = define(object as Workspace | NixCache, () => location);
  return fileName(definition.key) === file ? definition : null;
}

interface LastGoodRecord {
  readonly version: typeof VERSION;
  readonly location: SpecLocation;
  /** Either this or `cache` is set, and is not validated yet. */
  readonly workspace?: unknown;
  readonly cache?: unknown;
}

function isRecord(value: unknown): value is LastGoodRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, location } = value as Partial<Record<string, Partial<Record<string, unknown>> | number | null>>;
  if (version !== VERSION || typeof location !== 'object' || !location) return false;
  return (
    typeof location.source === 'string' &&
    typeof location.file === 'string' &&
    typeof location.line === 'number' &&
    typeof location.column === 'number'
  );
}
