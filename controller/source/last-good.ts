import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpecLocation, SpecProblem } from '../model/desired.js';
import type { Workspace } from '../model/workspace.generated.js';
import { errorCode, ioWords } from './file-system.js';
import { checkObject } from './interpret.js';
import { mapLimit } from './pacer.js';
import type { Breathe } from './pacer.js';
import { problemOf } from './problem.js';
import type { WorkspaceSchema } from './schema.js';
import type { Definition } from './spec-file.js';

const VERSION = 1;
const FILES_AT_ONCE = 8;

/** The last good spec of each workspace on disk, as written: a restart with a broken file keeps the workspace (law 3). */
export interface LastGoodStore {
  /** All readable records; what is corrupt is left out. */
  load(breathe: Breathe): Promise<Definition[]>;
  /** Writes what changed since the last call. What can't be written is tried again by the next one. */
  save(definitions: readonly Definition[], breathe: Breathe): Promise<SpecProblem[]>;
  remove(name: string): Promise<void>;
}

/** For a controller without a state directory. */
export const noLastGoodStore: LastGoodStore = {
  load: () => Promise.resolve([]),
  save: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
};

export function createLastGoodStore(stateDir: string, schema: WorkspaceSchema): LastGoodStore {
  const directory = join(stateDir, 'last-good');
  const saved = new Map<string, { definition: Definition | null; text: string }>();
  const fileOf = (name: string) => join(directory, `${name}.json`);
  let isReady = false;

  const prepare = async (): Promise<void> => {
    if (isReady) return;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    // What a killed run left half written; not in `load`, which a mere plan calls beside a running controller.
    const leftovers = (await readdir(directory)).filter((name) => name.startsWith('.') && name.endsWith('.tmp'));
    await mapLimit(leftovers, FILES_AT_ONCE, (name) => rm(join(directory, name), { force: true }));
    isReady = true;
  };

  const write = async (definition: Definition): Promise<void> => {
    const text = recordText(definition);
    const { name } = definition;
    if (saved.get(name)?.text !== text) {
      const temporary = join(directory, `.${name}.${process.pid}.tmp`);
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, fileOf(name));
    }
    saved.set(name, { definition, text });
  };

  return {
    async load(breathe) {
      const names = await readdir(directory).catch((): string[] => []);
      const loaded = await mapLimit(names.filter((name) => /^[a-z0-9-]+\.json$/.test(name)), FILES_AT_ONCE, async (name) => {
        const text = await readFile(join(directory, name), 'utf8').catch(() => '');
        await breathe();
        const definition = readRecord(schema, text, name.slice(0, -'.json'.length));
        if (definition) saved.set(definition.name, { definition: null, text });
        return definition;
      });
      return loaded.filter((definition) => definition !== null);
    },

    async save(definitions, breathe) {
      const changed = definitions.filter((definition) => saved.get(definition.name)?.definition !== definition);
      if (changed.length === 0) return [];
      try {
        await prepare();
        await mapLimit(changed, FILES_AT_ONCE, async (definition) => {
          await breathe();
          await write(definition);
        });
        return [];
      } catch (error) {
        if (errorCode(error) === 'UNKNOWN') throw error;
        isReady = false;
        return [problemOf('state', directory, `last good specs cannot be saved: ${ioWords(error)}; a restart would not know them. Make the state directory writable`)];
      }
    },

    async remove(name) {
      saved.delete(name);
      await rm(fileOf(name), { force: true }).catch(() => undefined);
    },
  };
}

function recordText(definition: Definition): string {
  const { location, workspace } = definition;
  return `${JSON.stringify({ version: VERSION, location, workspace })}\n`;
}

function readRecord(schema: WorkspaceSchema, text: string, name: string): Definition | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(record) || record.workspace.metadata.name !== name) return null;
  const { workspace, location } = record;
  return checkObject(schema, workspace, 1).length > 0 ? null : { name, workspace, location, nameLocation: location, secretLocations: new Map() };
}

interface LastGoodRecord {
  readonly version: typeof VERSION;
  readonly location: SpecLocation;
  /** Not checked beyond its name yet. */
  readonly workspace: Workspace;
}

function isRecord(value: unknown): value is LastGoodRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, location, workspace } = value as Partial<Record<string, Partial<Record<string, unknown>> | number | null>>;
  if (version !== VERSION || typeof location !== 'object' || !location || typeof workspace !== 'object' || !workspace) return false;
  const metadata = workspace.metadata as Partial<Record<string, unknown>> | null | undefined;
  return typeof location.source === 'string' && typeof location.file === 'string' && typeof location.line === 'number' && typeof location.column === 'number' && typeof metadata?.name === 'string';
}
